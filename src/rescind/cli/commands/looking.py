"""`ls`, `show`, `watch`: commands that only read."""

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
    namespace: Annotated[str | None, typer.Option(help="Is in this namespace.")] = None,
    stuck: Annotated[
        bool, typer.Option("--stuck", help="Is still being cancelled after its deadline.")
    ] = False,
    unconfirmed: Annotated[
        bool, typer.Option("--unconfirmed", help="Ended with something nobody has seen stop.")
    ] = False,
    limit: Annotated[int, typer.Option(min=0, help="At most so many; 0 for all.")] = 50,
    as_json: Json = False,
) -> int:
    """List flow runs, the latest first."""
    from rescind.cli.looking.listing import list_flows
    from rescind.cli.reading.filters import Wanted
    from rescind.cli.session import run

    labels = pairs(label or [], "--label")
    wanted = Wanted(tuple(state or ()), labels, namespace, stuck, unconfirmed)
    wanted.check()
    return run(list_flows(wanted, limit, as_json=as_json))


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
    as_json: Json = False,
) -> int:
    """Show one flow run: its state, its cancellation with the clocks, its task runs."""
    from rescind.cli.looking.showing import show_flow
    from rescind.cli.session import run

    return run(show_flow(flow_run_id, tasks, as_json=as_json))


def watch(flow_run_id: FlowRunId, as_json: Json = False) -> int:
    """Watch one flow run live until it ends: who asked, who was told, what stopped and how."""
    from rescind.cli.looking.watching import watch_flow
    from rescind.cli.session import run

    return run(watch_flow(flow_run_id, as_json=as_json))
