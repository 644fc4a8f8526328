"""`ls`, `show`, `watch`: commands that only read."""

import time
from typing import Annotated

import typer

from rescind.cli.options import FlowRunId, Json, pairs

__all__ = ["ls", "runners", "show", "watch"]


def ls(
    state: Annotated[
        list[str] | None,
        typer.Option(help="Pending, running, cancelling, finished, cancelled, failed, …; repeat."),
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Has this label; repeat.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Is called so.")] = None,
    namespace: Annotated[str | None, typer.Option(help="Is in this namespace.")] = None,
    parent: Annotated[
        str | None, typer.Option(metavar="ID", help="Is a child of this flow run.")
    ] = None,
    search: Annotated[
        str, typer.Option(metavar="TEXT", help="Has this in its id or name, in capitals or not.")
    ] = "",
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Was registered then or later: 2h ago, or 2026-11-27."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Was registered before that.")
    ] = None,
    stuck: Annotated[
        bool, typer.Option("--stuck", help="Is still being cancelled after its deadline.")
    ] = False,
    unconfirmed: Annotated[
        bool,
        typer.Option("--unconfirmed", help="Has task runs that nobody has seen stop, and which."),
    ] = False,
    limit: Annotated[int, typer.Option(min=0, help="At most so many; 0 for all.")] = 50,
    after: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Those that come after this one: the next page."),
    ] = None,
    count: Annotated[
        bool, typer.Option("--count", help="Only how many there are in each state.")
    ] = False,
    as_json: Json = False,
) -> int:
    """List flow runs, the latest registration first. All that is asked has to hold.

    A TIME is so long ago (90s, 30m, 2h, 3d), or a day, with a time of day or without.
    """
    from rescind.cli.looking.listing import Listing, list_flows
    from rescind.cli.reading.filters import Wanted
    from rescind.cli.reading.times import typed_time
    from rescind.cli.session import run

    now_ms = round(time.time() * 1000)
    wanted = Wanted(
        states=tuple(state or ()),
        labels=pairs(label or [], "--label"),
        name=name,
        namespace=namespace,
        parent=parent,
        text=search,
        since_ms=typed_time(since, "--since", now_ms),
        before_ms=typed_time(until, "--until", now_ms),
        stuck=stuck,
    )
    wanted.check()
    listing = Listing(wanted, limit, after, unconfirmed=unconfirmed, count=count)
    return run(list_flows(listing, as_json=as_json))


def runners(
    every: Annotated[bool, typer.Option("--all", help="Also those that are gone.")] = False,
    as_json: Json = False,
) -> int:
    """List runners, the latest first: what each can do, and when it was heard last."""
    from rescind.cli.looking.runners import list_runners
    from rescind.cli.session import run

    return run(list_runners(every=every, as_json=as_json))


def show(
    flow_run_id: FlowRunId,
    tasks: Annotated[int, typer.Option(min=0, help="At most so many task runs; 0 for all.")] = 30,
    state: Annotated[
        list[str] | None, typer.Option(help="Only task runs in this state; repeat.")
    ] = None,
    search: Annotated[
        str, typer.Option(metavar="TEXT", help="Only task runs with this in their id or name.")
    ] = "",
    task: Annotated[
        str | None,
        typer.Option(
            metavar="TASK", help="This one alone, with its error and what happened to it."
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Show one flow run: its state, its cancellation with the clocks, its task runs."""
    from rescind.cli.looking.showing import Tasks, show_flow
    from rescind.cli.looking.showing_task import show_task
    from rescind.cli.session import run

    if task is not None:
        if state or search:
            raise typer.BadParameter("expected --task, or --state and --search, but got both")
        return run(show_task(flow_run_id, task, as_json=as_json))
    asked = Tasks(tasks, tuple(state or ()), search)
    asked.check()
    return run(show_flow(flow_run_id, asked, as_json=as_json))


def watch(flow_run_id: FlowRunId, as_json: Json = False) -> int:
    """Watch one flow run live until it ends: who asked, who was told, what stopped and how."""
    from rescind.cli.looking.watching import watch_flow
    from rescind.cli.session import run

    return run(watch_flow(flow_run_id, as_json=as_json))
