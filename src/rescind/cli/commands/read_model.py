"""`read-model`: the tables that lists and pages are read from."""

from collections.abc import Coroutine
from typing import Any

import typer

from rescind.cli.options import Json

__all__ = ["read_model"]

read_model = typer.Typer(
    help="The read model, from which the API and the pages read: how far it is, and to build anew.",
    no_args_is_help=True,
)


@read_model.command("status")
def status(as_json: Json = False) -> int:
    """Say which read models there are, which one serves, and how far each is behind the journal."""
    _needs()
    from rescind.cli.readmodel.status import tell_status

    return _run(tell_status(as_json=as_json))


@read_model.command("rebuild")
def rebuild(as_json: Json = False) -> int:
    """Build the read model anew from the journal, while the old one serves, and let it take over.

    Servers go on to answer and to read the journal, and need not be restarted. If this is
    interrupted or fails, the old one serves as before; what was built is taken away, at the latest
    by the next rebuild. Where the database is a file, this has to run where the server does. While
    an earlier release serves it is refused: start the servers of this release first.
    """
    _needs()
    from rescind.cli.readmodel.rebuilding import build_anew

    return _run(build_anew(as_json=as_json))


def _needs() -> None:
    from rescind.cli.session import needs_extra

    needs_extra("service", "alembic", "sqlalchemy", "transitions")


def _run(command: Coroutine[Any, Any, int]) -> int:
    from rescind.cli.session import run

    return run(command)
