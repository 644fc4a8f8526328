"""`Asking`: a question is put to the read model that serves, and why it could not be answered."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from rescind.server.readmodel.storage.database import Database, answered

__all__ = ["Asking"]

T = TypeVar("T")


class Asking:
    """What every reader of a read model is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def _ask(self, question: Callable[[Connection], T]) -> T:
        with answered():
            return self._database.ask(question)
