"""The tables brought to the shape that this release knows, from whichever earlier one.

The revisions are in the package and run at each start; there is nothing for an operator to call.
What a newer release has made is left alone: its columns may mean what this one does not know.
"""

from pathlib import Path
from typing import Final

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from rescind.errors import NewerSchemaError, OlderSchemaError
from rescind.server.readmodel.storage.tables import metadata

__all__ = ["known_revision", "migrate", "require_known", "revision_of"]

_FOLDER: Final = Path(__file__).parents[1] / "migrations"


def known_revision() -> str:
    """The revision that this release makes."""
    head = ScriptDirectory(_FOLDER, version_locations=[_FOLDER]).get_current_head()
    assert head is not None
    return head


def revision_of(connection: Connection) -> str | None:
    """The revision of the tables there; None if there are none yet."""
    return MigrationContext.configure(connection).get_current_revision()


def require_known(connection: Connection) -> None:
    """The tables there have the shape that this release makes; nothing is changed.

    Raises `OlderSchemaError` if an earlier release has made them, `NewerSchemaError` if a newer.
    """
    head, found = known_revision(), revision_of(connection)
    if found != head:
        _refuse_newer(ScriptDirectory(_FOLDER, version_locations=[_FOLDER]), found, head)
        raise OlderSchemaError(found or "none", head)


def _refuse_newer(scripts: ScriptDirectory, found: str | None, head: str) -> None:
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        raise NewerSchemaError(found, head)


def migrate(connection: Connection) -> None:
    """Bring the tables up to date, in the caller's transaction.

    Raises `NewerSchemaError` if they are of a revision that this release does not have.
    """
    scripts = ScriptDirectory(_FOLDER, version_locations=[_FOLDER])
    head = known_revision()
    found = revision_of(connection)
    if found == head:
        return
    _refuse_newer(scripts, found, head)

    def steps(revision: object, context: MigrationContext) -> list[RevisionStep]:
        del revision, context
        return scripts._upgrade_revs(head, found or "base")  # noqa: SLF001 - as `alembic upgrade` does

    with EnvironmentContext(Config(), scripts, fn=steps, destination_rev=head) as environment:
        environment.configure(connection=connection, target_metadata=metadata)
        environment.run_migrations()
