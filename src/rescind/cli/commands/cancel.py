"""`cancel`: the command that everything here is about."""

from typing import Annotated

import typer

from rescind.cli.options import Json

__all__ = ["cancel"]


def cancel(
    ids: Annotated[
        list[str],
        typer.Argument(metavar="ID", help="Flow runs: ids, beginnings of ids, or @latest."),
    ],
    reason: Annotated[str, typer.Option(help="Why; everyone who looks will read it.")] = "",
    grace: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0, help="Until what runs is killed.")
    ] = None,
    deadline: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=0, help="Until all is over that can be stopped."),
    ] = None,
    abort: Annotated[
        bool, typer.Option("--abort", help="Kill at once; also what is being cancelled gracefully.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Follow it to its end; exit 0 only if that is Cancelled.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen, and ask for nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask no questions.")] = False,
    arm: Annotated[
        bool,
        typer.Option("--arm", help="Also ids that nobody knows: cancelled as they register."),
    ] = False,
    answer_within: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="How long to wait for each answer.")
    ] = 10.0,
    as_json: Json = False,
) -> int:
    """Cancel flow runs: nothing more of them starts, and what runs is stopped.

    Asking twice is harmless, and ends with 0. A running task run is first asked, then interrupted,
    at half the grace terminated, at its end killed, as far as its executor can.
    """
    from rescind.cli.asking.cancelling import Cancel
    from rescind.cli.asking.cancelling import cancel as ask
    from rescind.cli.session import run
    from rescind.events.words import Mode

    command = Cancel(
        ids=ids,
        reason=reason,
        mode=Mode.ABORT if abort else Mode.GRACEFUL,
        grace_seconds=grace,
        deadline_seconds=deadline,
        wait=wait,
        arm=arm,
        yes=yes,
        dry_run=dry_run,
        answer_seconds=answer_within,
    )
    return run(ask(command, as_json=as_json))
