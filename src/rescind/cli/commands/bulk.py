"""`bulk`: one cancellation of many flow runs, which can be looked at, held up and stopped."""

from typing import Annotated

import typer

from rescind.cli.options import (
    Abort,
    AnswerWithin,
    Cascade,
    Deadline,
    Grace,
    Json,
    Reason,
    Where,
)

__all__ = ["bulk"]

bulk = typer.Typer(help="Cancel many flow runs by what they have in common.", no_args_is_help=True)

BulkId = Annotated[
    str,
    typer.Argument(metavar="ID", help="A bulk cancellation: its id, the beginning, or @latest."),
]


@bulk.command("start")
def start(
    where: Where = None,
    bulk_id: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help="Its id; without --where, of a draft to start."),
    ] = None,
    reason: Reason = "",
    grace: Grace = None,
    deadline: Deadline = None,
    abort: Abort = False,
    cascade: Cascade = None,
    rate: Annotated[
        float | None,
        typer.Option(metavar="RUNS", min=0.001, help="At most so many flow runs a second."),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Follow it until every flow run has been asked.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count what it means, and stop there.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask no questions, however many it means.")
    ] = False,
    answer_within: AnswerWithin = 10.0,
    as_json: Json = False,
) -> int:
    """Count the open flow runs that fit, show them, and cancel them one by one.

    Flow runs that are registered after they were counted are never cancelled. More than a limit of
    the service (RESCIND_BULK_UNCONFIRMED_MAX) only with --yes, or when the question is answered so.
    """
    from rescind.cli.bulk.starting import Description
    from rescind.cli.bulk.starting import start as ask
    from rescind.cli.session import run
    from rescind.events.words import CascadePolicy, Mode

    if not (where or bulk_id) or (dry_run and not where):
        raise typer.BadParameter("expected --where, or the --id of a draft")
    if abort and grace:
        raise typer.BadParameter("expected --grace or --abort, which gives none, but got both")
    described = Description(
        where=where or (),
        bulk_id=bulk_id,
        reason=reason,
        mode=Mode.ABORT if abort else Mode.GRACEFUL,
        grace_seconds=grace,
        deadline_seconds=deadline,
        cascade=None if cascade is None else CascadePolicy(cascade.value),
        runs_per_second=rate,
        wait=wait,
        dry_run=dry_run,
        yes=yes,
        answer_seconds=answer_within,
    )
    return run(ask(described, as_json=as_json))


@bulk.command("ls")
def ls(
    state: Annotated[
        list[str] | None,
        typer.Option(help="Draft, running, paused, finished, completed or stopped; repeat."),
    ] = None,
    as_json: Json = False,
) -> int:
    """List bulk cancellations, the latest first; those that are over, for a week."""
    from rescind.cli.reading.filters import BULK_STATES, check_states
    from rescind.cli.session import needs_extra, run

    needs_extra("service", "transitions")
    from rescind.cli.bulk.looking import list_bulks

    check_states(state or (), BULK_STATES)
    return run(list_bulks(state or (), as_json=as_json))


@bulk.command("show")
def show(bulk_id: BulkId, as_json: Json = False) -> int:
    """Show one: what it means, who asked, how far it has got, what was refused."""
    from rescind.cli.session import needs_extra, run

    needs_extra("service", "transitions")
    from rescind.cli.bulk.looking import show_bulk

    return run(show_bulk(bulk_id, as_json=as_json))


@bulk.command("items")
def items(
    bulk_id: BulkId,
    refused: Annotated[
        bool, typer.Option("--refused", help="Only what was refused, whatever the code.")
    ] = False,
    outcome: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="Only these: took_effect, or the code of a refusal."),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="At most so many; 0 for all.")] = 50,
    after: Annotated[
        int | None,
        typer.Option(min=0, metavar="NUMBER", help="Those that come after it: the next page."),
    ] = None,
    as_json: Json = False,
) -> int:
    """List what came of each flow run that one has asked, in the order in which they were asked.

    From the journal, so also long after: a week after its end by its whole id only. The state is
    the flow run's as it is now.
    """
    from rescind.cli.session import needs_extra, run

    needs_extra("service", "transitions")
    from rescind.cli.bulk.items import Items, list_items

    wanted = Items(refused=refused, outcome=outcome, limit=limit, after=after)
    wanted.check()
    return run(list_items(bulk_id, wanted, as_json=as_json))


@bulk.command("pause")
def pause(bulk_id: BulkId, answer_within: AnswerWithin = 10.0, as_json: Json = False) -> int:
    """Ask no further flow run until it is resumed; what was asked goes on."""
    return _move("pause", bulk_id, answer_within, as_json=as_json)


@bulk.command("resume")
def resume(bulk_id: BulkId, answer_within: AnswerWithin = 10.0, as_json: Json = False) -> int:
    """Go on where it was paused."""
    return _move("resume", bulk_id, answer_within, as_json=as_json)


@bulk.command("stop")
def stop(bulk_id: BulkId, answer_within: AnswerWithin = 10.0, as_json: Json = False) -> int:
    """Ask no further flow run, for good; what was asked goes on."""
    return _move("stop", bulk_id, answer_within, as_json=as_json)


def _move(step: str, bulk_id: str, answer_within: float, *, as_json: bool) -> int:
    from rescind.cli.bulk.moving import move
    from rescind.cli.session import run

    return run(move(step, bulk_id, answer_within, as_json=as_json))
