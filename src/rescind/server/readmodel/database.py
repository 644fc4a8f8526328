"""Where read models are: one that serves, and now and then another that is being built beside it.

Each is a database of its own, a file with SQLite and a schema with PostgreSQL, so that one can be
built and dropped without a look at the other. Which one serves stands in one table beside them.
Whoever reads gets a connection that cannot write, on one snapshot for all that it asks.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError

from rescind.errors import ReadModelMissingError
from rescind.server.readmodel.dialects import Dialect, dialect_of
from rescind.settings import Settings

__all__ = ["Database", "open_database"]

T = TypeVar("T")

_BUILDING: Final = "building"
_SERVING: Final = "serving"
_RETIRED: Final = "retired"

# Of the same shape for ever: it is read before anything is known of the release that wrote it.
_models: Final = Table(
    "rescind_read_models",
    MetaData(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
)


def open_database(settings: Settings) -> "Database":
    """The database of the settings; nothing is made, and nothing is connected to yet.

    Raises `SettingsError` if the URL names none that can be used.
    """
    url = settings.database_url
    default = f"sqlite:///{settings.data_dir / 'read-model.db'}"
    return Database(default if url is None else url.get_secret_value())


class Database:
    """The read models of one database, by their numbers. Threads may share it; `close` it.

    Raises `SettingsError` if the URL names no database that can be used.
    """

    def __init__(self, url: str) -> None:
        self._dialect: Dialect = dialect_of(url)
        self._catalog = self._dialect.catalog()
        self._engines: dict[tuple[int, bool], Engine] = {}
        self._lock = Lock()

    def prepare(self) -> int:
        """Make what is not there and bring the tables that serve up to date; which those are.

        Raises `NewerSchemaError` if a newer release has made them.
        """
        with self._catalog_alone() as catalog:
            number = _serving(catalog)
            if number is None:
                number = _next_number(catalog)
                catalog.execute(insert(_models).values(number=number, state=_SERVING))
            self._dialect.make(catalog, number)
        return number

    def serving(self) -> int:
        """The number of the read model that serves.

        Raises `ReadModelMissingError` if none was made yet.
        """
        try:
            with self._catalog.connect() as catalog:
                number = _serving(catalog)
        except DBAPIError as error:
            if self._is_made():
                raise
            raise ReadModelMissingError from error
        if number is None:
            raise ReadModelMissingError
        return number

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

    def reading(self, number: int) -> Engine:
        """Connections to one read model that cannot write."""
        return self._engine(number, writes=False)

    def writing(self, number: int) -> Engine:
        """Connections to one read model whose transactions write, one after the other."""
        return self._engine(number, writes=True)

    def begin_another(self) -> int:
        """Make an empty read model beside the one that serves; its number.

        One that somebody else is building is dropped: the last who begins goes on.
        """
        with self._catalog_alone() as catalog:
            self._drop_all(catalog, _models.c.state != _SERVING)
            number = _next_number(catalog)
            catalog.execute(insert(_models).values(number=number, state=_BUILDING))
            self._dialect.make(catalog, number)
        return number

    def switch(self, number: int) -> None:
        """Let this one serve from now on. The one that did is kept until `drop_retired`."""
        with self._catalog_alone() as catalog:
            state = _models.c.state
            catalog.execute(update(_models).where(state == _SERVING).values(state=_RETIRED))
            this = _models.c.number == number
            catalog.execute(update(_models).where(this).values(state=_SERVING))

    def drop_retired(self) -> None:
        """Drop what has served. Waits for whoever still reads there."""
        with self._catalog_alone() as catalog:
            self._drop_all(catalog, _models.c.state == _RETIRED)

    def close(self) -> None:
        """End every connection."""
        with self._lock:
            engines, self._engines = list(self._engines.values()), {}
        for engine in [*engines, self._catalog]:
            engine.dispose()

    def _drop_all(self, catalog: Connection, which: ColumnElement[bool]) -> None:
        for number in catalog.execute(select(_models.c.number).where(which)).scalars().all():
            with self._lock:
                engines = [self._engines.pop((number, writes), None) for writes in (False, True)]
            for engine in engines:
                if engine is not None:
                    engine.dispose()
            catalog.execute(delete(_models).where(_models.c.number == number))
            self._dialect.drop(catalog, number)

    def _engine(self, number: int, *, writes: bool) -> Engine:
        with self._lock:
            key = (number, writes)
            if key not in self._engines:
                self._engines[key] = self._dialect.engine(number, writes=writes)
            return self._engines[key]

    @contextmanager
    def _catalog_alone(self) -> Iterator[Connection]:
        """A transaction of whoever makes, switches or drops: one at a time."""
        with self._catalog.begin() as catalog:
            self._dialect.lock(catalog)
            _models.create(catalog, checkfirst=True)
            yield catalog

    def _is_made(self) -> bool:
        with self._catalog.connect() as catalog:
            return self._catalog.dialect.has_table(catalog, _models.name)


def _serving(catalog: Connection) -> int | None:
    serving = select(_models.c.number).where(_models.c.state == _SERVING)
    return catalog.execute(serving).scalar_one_or_none()


def _next_number(catalog: Connection) -> int:
    last = catalog.execute(select(func.max(_models.c.number))).scalar_one()
    return 1 if last is None else last + 1
