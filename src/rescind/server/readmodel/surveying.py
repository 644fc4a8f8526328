"""What an operator sees of the read models: which there are, which one serves, how far each is.

It looks and changes nothing: tables that have yet to be brought up to date stay as they are.
"""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from rescind.server.readmodel.standing import Standing, standings
from rescind.server.readmodel.storage.database import Database, Model
from rescind.server.readmodel.storage.migrating import revision_of
from rescind.server.readmodel.storage.tables import flow_runs

__all__ = ["Surveyed", "count_known_flows", "survey"]


class Surveyed(NamedTuple):
    """One read model.

    ``revision`` is of its tables; None, and no standings, if it has none yet or none any more.
    """

    model: Model
    revision: str | None
    standings: Mapping[int, Standing]


def survey(database: Database) -> list[Surveyed]:
    """Every read model that is there. Raises `ReadModelMissingError` if there is none."""
    return [_look(database, model) for model in database.models()]


def count_known_flows(database: Database) -> int:
    """How many flow runs the one that serves has."""
    count = select(func.count()).select_from(flow_runs)
    return database.ask(lambda connection: connection.execute(count).scalar_one())


def _look(database: Database, model: Model) -> Surveyed:
    try:
        with database.reading(model.number).connect() as connection:
            return Surveyed(model, revision_of(connection), standings(connection))
    except DBAPIError:
        if database.serving() == model.number:
            raise
        # It is being made, or was dropped meanwhile.
        return Surveyed(model, None, {})
