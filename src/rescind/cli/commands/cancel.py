"""`cancel`: the command that everything here is about."""

from typing import Annotated, Any

import typer

from rescind.cli.commands.bulk import start
from rescind.cli.options import Abort, AnswerWithin, Cascade, Deadline, Grace, Json, Reason

__all__ = ["cancel"]


def cancel(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="Flow runs: ids, beginnings of ids, or @latest."),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="Instead of ids, all that fit: short for `rescind bulk start`; repeat.",
        ),
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(metavar="TASK", help="Only this task run of the one flow run; repeat."),
    ] = None,
    reason: Reason = "",
    grace: Grace = None,
    deadline: Deadline = None,
    abort: Abort = False,
    cascade: Cascade = None,
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
    answer_within: AnswerWithin = 10.0,
    as_json: Json = False,
) -> int:
    """Cancel flow runs: nothing more of them starts, and what runs is stopped.

    Asking twice is harmless, and ends with 0. A running task run is first asked, then interrupted,
    at half the grace terminated, at its end killed, as far as its executor can. With --task the
    flow run goes on without those task runs. With --where, --dry-run counts and leaves a draft, and
    --wait waits until every flow run has been asked.
    """
    if bool(ids) is bool(where) or (where and arm):
        raise typer.BadParameter("expected either IDs or --where, and --arm with IDs alone")
    if task and (len(ids or ()) != 1 or arm or cascade):
        raise typer.BadParameter("expected --task with one ID, and without --arm and --cascade")
    if abort and grace:
        raise typer.BadParameter("expected --grace or --abort, which gives none, but got both")
    if where:
        return start(
            where,
            reason=reason,
            grace=grace,
            deadline=deadline,
            abort=abort,
            cascade=cascade,
            wait=wait,
            dry_run=dry_run,
            yes=yes,
            answer_within=answer_within,
            as_json=as_json,
        )
    typed: dict[str, Any] = {"ids": ids, "task_run_ids": task or (), "cascade": cascade}
    typed |= {"wait": wait, "arm": arm, "yes": yes, "dry_run": dry_run, "reason": reason}
    typed |= {"grace_seconds": grace, "deadline_seconds": deadline, "answer_seconds": answer_within}
    return _cancel(abort, as_json, **typed)


def _cancel(abort: bool, as_json: bool, *, cascade: str | None, **typed: Any) -> int:
    from rescind.cli.asking.cancelling import cancel as ask
    from rescind.cli.asking.wanted import Cancel
    from rescind.cli.session import run
    from rescind.events.words import CascadePolicy, Mode
    from rescind.tracing.exporting import traced

    policy = None if cascade is None else CascadePolicy(cascade)
    command = Cancel(mode=Mode.ABORT if abort else Mode.GRACEFUL, cascade=policy, **typed)
    with traced("rescind-cli"):
        return run(ask(command, as_json=as_json))
