"""`journal`: the events, in order."""

from pathlib import Path
from typing import Annotated

import typer

from rescind.cli.options import Json

__all__ = ["journal"]

journal = typer.Typer(help="The journal: every event and refusal, in order.", no_args_is_help=True)


@journal.command("tail")
def tail(
    flow: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Only of this flow run, from its beginning."),
    ] = None,
    lines: Annotated[
        int | None,
        typer.Option("--lines", "-n", min=0, help="How many; else 20, all of --flow."),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")] = False,
    as_json: Json = False,
) -> int:
    """Print the last events; with --json each as the record is, on a line of its own."""
    from rescind.cli.looking.journal import tail_journal
    from rescind.cli.session import run

    return run(tail_journal(flow, lines, follow=follow, as_json=as_json))


@journal.command("export")
def export(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="There whole or not at all."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Changes nothing: it is JSON, with and without.")
    ] = False,
) -> int:
    """Write all events as lines of JSON, each with its place: to FILE, else to stdout.

    `rescind audit replay FILE` folds and checks them where there is no Kafka.
    """
    del as_json
    from rescind.cli.looking.exporting import export_journal
    from rescind.cli.session import run

    return run(export_journal(output))
