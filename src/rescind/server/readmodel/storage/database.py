"""Where read models are: one that serves, and now and then another that is being built beside it.

Each is a database of its own, a file with SQLite and a schema with PostgreSQL, so that one can be
built and dropped without a look at the other. Which one serves stands in one table beside them.
Whoever reads gets a connection that cannot write, on one snapshot for all that it asks.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Final, NamedTuple, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from rescind.errors import DatabaseUnavailableError, ReadModelMissingError, RebuildOvertakenError
from rescind.server.readmodel.storage.dialects import Dialect, dialect_of
from rescind.server.readmodel.storage.migrating import require_known
from rescind.settings import Settings

__all__ = ["Another", "Database", "Model", "answered", "open_database"]

T = TypeVar("T")

_BUILDING: Final = "building"
_SERVING: Final = "serving"
_RETIRED: Final = "retired"
_DROPPED: Final = "dropped"  # Kept, so that no number comes again.

# Of the same shape for ever: it is read before anything is known of the release that wrote it.
_models: Final = Table(
    "rescind_read_models",
    MetaData(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
)


def open_database(settings: Settings) -> "Database":
    """The database of the settings; nothing is connected to yet. The folder of a file is made.

    Raises `SettingsError` if the URL names none that can be used, and `ExtraMissingError` if the
    driver for it is not installed.
    """
    url = settings.database_url
    default = f"sqlite:///{settings.data_dir / 'read-model.db'}"
    return Database(default if url is None else url.get_secret_value())


@contextmanager
def answered() -> Iterator[None]:
    """Raises `DatabaseUnavailableError` where the driver says that there was no answer."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        why = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise DatabaseUnavailableError(why) from error


class Model(NamedTuple):
    """One read model of a database."""

    number: int
    state: str
    """``serving``, ``building``, or ``retired``: it has served, and goes when nobody reads it."""
    place: str
    """A file, or a schema."""


class Another(NamedTuple):
    """A read model that is to be built."""

    number: int
    instead_of: int
    """The one that serves meanwhile."""


class Database:
    """The read models of one database, by their numbers. Threads may share it; `close` it.

    Raises `SettingsError` if the URL names no database that can be used.

    Attributes:
        reading: connections to the read model of a number that cannot write, each transaction on
            one snapshot.
        writing: those that can, each transaction with what it needs to be the only one.

    """

    def __init__(self, url: str) -> None:
        self._dialect: Dialect = dialect_of(url)
        self._catalog = self._dialect.catalog
        # Made once: what SQLAlchemy has compiled is kept in them.
        self.reading = cache(partial(self._dialect.engine, writes=False))
        self.writing = cache(partial(self._dialect.engine, writes=True))

    def prepare(self) -> int:
        """Make what is not there and bring the tables that serve up to date; which those are.

        Raises `NewerSchemaError` if a newer release has made them.
        """
        with self._catalog_alone() as catalog:
            number = _serving(catalog)
            if number is None:
                return self._first(catalog)
            self._dialect.make(catalog, number)
        return number

    def serving(self) -> int:
        """The number of the read model that serves.

        Raises `ReadModelMissingError` if none was made yet.
        """
        try:
            number = self._look()
        except DBAPIError as error:
            if not self._is_made():
                raise ReadModelMissingError from error
            number = self._look()
        if number is None:
            raise ReadModelMissingError
        return number

    def models(self) -> list[Model]:
        """Those that are there, in the order in which they were made.

        Raises `ReadModelMissingError` if none was made yet.
        """
        self.serving()
        columns = _models.c
        found = select(columns.number, columns.state).where(columns.state != _DROPPED)
        with self._dialect.looking.connect() as catalog:
            rows = catalog.execute(found.order_by(columns.number)).all()
        return [Model(row.number, row.state, self._dialect.place(row.number)) for row in rows]

    def ask(self, question: Callable[[Connection], T]) -> T:
        """The answer of the read model that serves, also if another one comes to serve meanwhile.

        Raises `ReadModelMissingError` if none was made yet.
        """
        while True:
            number = self.serving()
            try:
                with self.reading(number).connect() as connection:
                    return question(connection)
            except DBAPIError:
                if self.serving() == number:
                    raise

    def begin_another(self) -> Another:
        """Make an empty read model beside the one that serves, and that one if there is none.

        One that somebody else is building is dropped: the last who begins goes on. The tables that
        serve are left as they are: servers of their release go on to project into them.
        Raises `OlderSchemaError` and `NewerSchemaError` if they are of another release.
        """
        with self._catalog_alone() as catalog:
            serving = _serving(catalog)
            if serving is None:
                serving = self._first(catalog)
            else:
                with self.reading(serving).connect() as model:
                    require_known(model)
            self._drop_all(catalog, _models.c.state.in_((_BUILDING, _RETIRED)))
            number = _next_number(catalog)
            catalog.execute(insert(_models).values(number=number, state=_BUILDING))
            self._dialect.make(catalog, number)
        return Another(number, serving)

    def switch(self, number: int) -> None:
        """Let this one serve from now on. The one that did is kept until `drop_retired`.

        Raises `RebuildOvertakenError` if somebody else has dropped it to build another one.
        """
        with self._catalog_alone() as catalog:
            columns = _models.c
            found = select(columns.state).where(columns.number == number)
            if catalog.execute(found).scalar_one() != _BUILDING:
                raise RebuildOvertakenError(number)
            catalog.execute(update(_models).where(columns.state == _SERVING).values(state=_RETIRED))
            self._set(catalog, number, _SERVING)

    def give_up(self, number: int) -> bool:
        """Drop it if it is still being built, and not if it serves; whether it was."""
        with self._catalog_alone() as catalog:
            columns = _models.c
            return self._drop_all(
                catalog, (columns.number == number) & (columns.state == _BUILDING)
            )

    def drop_retired(self) -> None:
        """Drop what has served. Waits for whoever still reads there."""
        with self._catalog_alone() as catalog:
            self._drop_all(catalog, _models.c.state == _RETIRED)

    def close(self) -> None:
        """End every connection that is not in use."""
        self._catalog.dispose()

    def _first(self, catalog: Connection) -> int:
        number = _next_number(catalog)
        catalog.execute(insert(_models).values(number=number, state=_SERVING))
        self._dialect.make(catalog, number)
        return number

    def _drop_all(self, catalog: Connection, which: ColumnElement[bool]) -> bool:
        """Whether there was any."""
        numbers = catalog.execute(select(_models.c.number).where(which)).scalars().all()
        for number in numbers:
            self._set(catalog, number, _DROPPED)
            self._dialect.drop(catalog, number)
        return bool(numbers)

    def _set(self, catalog: Connection, number: int, state: str) -> None:
        catalog.execute(update(_models).where(_models.c.number == number).values(state=state))

    @contextmanager
    def _catalog_alone(self) -> Iterator[Connection]:
        """A transaction of whoever makes, switches or drops: one at a time."""
        with self._catalog.begin() as catalog:
            self._dialect.lock(catalog)
            _models.create(catalog, checkfirst=True)
            yield catalog

    def _look(self) -> int | None:
        with self._dialect.looking.connect() as catalog:
            return _serving(catalog)

    def _is_made(self) -> bool:
        with self._catalog.connect() as catalog:
            return self._catalog.dialect.has_table(catalog, _models.name)


def _serving(catalog: Connection) -> int | None:
    serving = select(_models.c.number).where(_models.c.state == _SERVING)
    return catalog.execute(serving).scalar_one_or_none()


def _next_number(catalog: Connection) -> int:
    last = catalog.execute(select(func.max(_models.c.number))).scalar_one()
    return 1 if last is None else last + 1
