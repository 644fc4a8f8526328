"""`Asking`: a question is put to the read model that serves, and why it could not be answered."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from rescind.errors import DatabaseUnavailableError
from rescind.server.readmodel.storage.database import Database

__all__ = ["Asking"]

T = TypeVar("T")


class Asking:
    """What every reader of a read model is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def _ask(self, question: Callable[[Connection], T]) -> T:
        try:
            return self._database.ask(question)
        except (OperationalError, InterfaceError, PoolTimeoutError) as error:
            why = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise DatabaseUnavailableError(why) from error
