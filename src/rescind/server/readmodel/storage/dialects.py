"""What differs between the databases: how one is reached, locked, and given a place for a model."""

from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateSchema, DropSchema

from rescind.errors import ExtraMissingError, SettingsError
from rescind.server.readmodel.storage.migrating import migrate

__all__ = ["Dialect", "dialect_of"]

_BUSY_SECONDS: Final = 30
_CACHE_KIB: Final = 64 << 10
_CHECKPOINT_PAGES: Final = 4_000
_LOCK: Final = 0x72657363696E64  # "rescind": an advisory lock of PostgreSQL is a number.
_DROP_WAIT_MS: Final = 200
_LOCK_NOT_AVAILABLE: Final = "55P03"


class Dialect(Protocol):
    """One kind of database."""

    catalog: Engine
    """Connections to where it is written which read models there are."""

    looking: Engine
    """The same for whoever only looks, and waits for nobody."""

    def engine(self, number: int, *, writes: bool) -> Engine:
        """Connections to one read model. There is nothing of it to be closed."""
        ...

    def place(self, number: int) -> str:
        """Where a read model is, in words."""
        ...

    def lock(self, catalog: Connection) -> None:
        """Wait until nobody else prepares or switches; till the end of the transaction."""
        ...

    def make(self, catalog: Connection, number: int) -> None:
        """Give a read model its place, if it has none, and its tables their shape."""
        ...

    def drop(self, catalog: Connection, number: int) -> None:
        """Take a read model's place away. Who still reads there gets an error, or an end."""
        ...


def dialect_of(url: str) -> Dialect:
    """Raises `SettingsError` if the URL is none, or not of a database that can be used.

    Raises `ExtraMissingError` if PostgreSQL is meant and its driver is not installed.
    """
    try:
        made = make_url(url)
    except ArgumentError:
        raise _wrong("another text") from None
    match made.get_backend_name():
        case "sqlite" if made.database not in {None, "", ":memory:"}:
            return _Sqlite(Path(str(made.database)).absolute())
        case "postgresql" | "postgres":
            return _Postgresql(made.set(drivername="postgresql+psycopg"))
        case other:
            raise _wrong(f"one of {other}")


def _wrong(got: str) -> SettingsError:
    # Never the URL itself: there may be a password in it.
    expected = "sqlite:///FILE or postgresql://USER@HOST/DATABASE"
    return SettingsError([("RESCIND_DATABASE_URL", expected, got)])


class _Sqlite:
    """A file for each read model, beside the one that says which of them serves.

    Connections are closed when they are given back: one that is kept would keep the disk space of
    a file that was dropped. Whoever writes keeps its own.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.catalog = _sqlite(path, writes=True, creates=True)
        self.looking = _sqlite(path, writes=False)

    def engine(self, number: int, *, writes: bool) -> Engine:
        return _sqlite(self._file(number), writes=writes)

    def place(self, number: int) -> str:
        return str(self._file(number))

    def lock(self, catalog: Connection) -> None:
        """There is nothing to do: its transactions that write begin with the lock."""

    def make(self, catalog: Connection, number: int) -> None:
        del catalog
        with _sqlite(self._file(number), writes=True, creates=True).begin() as connection:
            migrate(connection)

    def drop(self, catalog: Connection, number: int) -> None:
        del catalog
        file = self._file(number)
        for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
            file.with_name(name).unlink(missing_ok=True)

    def _file(self, number: int) -> Path:
        return self._path.with_stem(f"{self._path.stem}-{number}")


_PRAGMAS_OF_WRITERS: Final = (
    # Counts for a file that is made. An event is half a KiB, so few fit into one of 4.
    "page_size=16384",
    "journal_mode=WAL",
    # After a loss of power the last transactions may be gone, each as a whole: their events are
    # read from the journal again.
    "synchronous=NORMAL",
    f"cache_size=-{_CACHE_KIB}",
    f"wal_autocheckpoint={_CHECKPOINT_PAGES}",
)


def _sqlite(path: Path, *, writes: bool, creates: bool = False) -> Engine:
    query = {"mode": "rwc" if creates else "rw", "uri": "true"}
    engine = create_engine(
        URL.create("sqlite", database=f"file:{quote(str(path))}", query=query),
        # A batch is written by whichever thread is free, on the same connection.
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
        # Values by their names, as PostgreSQL's driver takes them.
        paramstyle="named",
        poolclass=NullPool,
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _: object) -> None:
        # The driver would begin transactions by itself, and too late for what is read first.
        connection.isolation_level = None
        for pragma in _PRAGMAS_OF_WRITERS if writes else ("query_only=ON",):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        # Who writes waits for the lock here, where nothing has been read that could be stale then.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


class _Postgresql:
    """A schema for each read model, in the database that the URL names.

    Which one a connection sees is said at the beginning of each transaction, so that those of one
    pool serve them all.
    """

    def __init__(self, url: URL) -> None:
        try:
            self.catalog = self.looking = create_engine(url, pool_pre_ping=True)
        except ModuleNotFoundError as error:
            raise ExtraMissingError("postgres", str(error.name)) from None

        @event.listens_for(self.catalog, "begin")
        def _begun(connection: Connection) -> None:
            schema = connection.get_execution_options().get("rescind_schema")
            if schema is not None:
                connection.exec_driver_sql(f"SET LOCAL search_path TO {schema}")

    def engine(self, number: int, *, writes: bool) -> Engine:
        seen = self.catalog.execution_options(rescind_schema=_schema(number))
        if writes:
            return seen
        return seen.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def place(self, number: int) -> str:
        return f"schema {_schema(number)}"

    def lock(self, catalog: Connection) -> None:
        catalog.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})

    def make(self, catalog: Connection, number: int) -> None:
        before = catalog.execute(text("SHOW search_path")).scalar_one()
        catalog.execute(CreateSchema(_schema(number), if_not_exists=True))
        _go_to(catalog, _schema(number))
        migrate(catalog)
        _go_to(catalog, before)

    def drop(self, catalog: Connection, number: int) -> None:
        drop = DropSchema(_schema(number), cascade=True, if_exists=True)
        while True:
            try:
                # Table by table, as those who still read there lock them, in another order. Who
                # lets go before PostgreSQL looks for deadlocks (after 1 s) ends no reader by one.
                with catalog.begin_nested():
                    catalog.execute(text(f"SET LOCAL lock_timeout = {_DROP_WAIT_MS}"))
                    catalog.execute(drop)
                    catalog.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                    raise
            else:
                return


def _go_to(catalog: Connection, path: str) -> None:
    catalog.execute(text("SELECT set_config('search_path', :path, true)"), {"path": path})


def _schema(number: int) -> str:
    return f"rescind_{number}"
