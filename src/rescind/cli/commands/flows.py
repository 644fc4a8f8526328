"""`run` and `demo`: the commands that make a flow run."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from rescind.cli.importing import importing
from rescind.cli.options import Json, pairs

__all__ = ["demo", "run"]

DemoBackend = Literal["process", "thread", "local", "dask"]

_BACKENDS = ("process", "thread", "local", "async", "dask")


def _backend(value: str) -> str:
    name, _, address = value.partition(":")
    if name in _BACKENDS and (name == "dask" or not address):
        return value
    expected = ", ".join(_BACKENDS)
    raise typer.BadParameter(f"expected one of {expected}, dask:ADDRESS, but got {value!r}")


On = Annotated[
    Literal["process", "docker", "kubernetes", "ecs"] | None,
    typer.Option(help="Start the flow runner there, by itself, and follow it."),
]
DeploymentFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="How it is started there; else deployment.toml."),
]


def run(
    target: Annotated[
        str,
        typer.Argument(metavar="FILE[:FLOW]", help="A Python file, and which flow in it."),
    ],
    executor: Annotated[
        str,
        typer.Option(
            metavar="EXECUTOR",
            callback=_backend,
            help="What runs its task runs: process, thread, local, async, dask (a cluster of its "
            "own) or dask:ADDRESS (of a scheduler); process and dask alone can kill.",
        ),
    ] = "process",
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="How many of them at once.")
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="An argument of the flow.")
    ] = None,
    flow_run_id: Annotated[
        str, typer.Option(metavar="ID", help="Its id, if it has one elsewhere.")
    ] = "",
    label: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="For whoever looks for it.")
    ] = None,
    namespace: Annotated[str, typer.Option(help="Whose it is.")] = "default",
    rerun_of: Annotated[
        str | None, typer.Option(metavar="ID", help="The flow run that this one repeats.")
    ] = None,
    on: On = None,
    deployment: DeploymentFile = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Without the service: nothing can cancel it.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Run a flow so that it can be cancelled. Ctrl-C asks for that; twice aborts.

    SIGTERM asks for it as one Ctrl-C does, however often it comes, and the command ends with the
    flow run. Without a service it waits for one, and says so.

    What swallows every interrupt, or is in C code, is waited for. An abort ends this process with
    it only if the task and all that runs beside it allow that, by @task(may_exit=True) and
    @flow(may_exit=True): off by default. Without it this command says, when the deadline of the
    cancel has passed, what still runs here: one more Ctrl-C (the third, if the second has aborted)
    or SIGTERM then ends it.

    With --on, FILE is named as it is there. This command shows what is printed there and ends as
    that ends; Ctrl-C once and twice as ever, and a third leaves it alone.
    """
    with importing():
        from rescind.cli.flows.hosting import run_on
        from rescind.cli.flows.running import FlowCommand, run_flow

    command = FlowCommand(
        target=target,
        executor=executor,
        workers=workers,
        params=param or [],
        flow_run_id=flow_run_id,
        labels=pairs(label or [], "--label"),
        namespace=namespace,
        rerun_of=rerun_of,
        offline=offline,
    )
    if on is None:
        return run_flow(command, as_json=as_json)
    return run_on(on, deployment, command, as_json=as_json)


def demo(
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave everything up afterwards, until Ctrl-C.")
    ] = False,
    chaos: Annotated[
        bool, typer.Option("--chaos", help="kill -9 each service on the way.")
    ] = False,
    files: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Files to work on, untouched; else some are made."),
    ] = None,
    executor: Annotated[DemoBackend, typer.Option(help="What runs the task runs.")] = "process",
    on: Annotated[
        Literal["docker"] | None,
        typer.Option(help="Run the flow in a container of the Docker engine on this host."),
    ] = None,
    as_json: Json = False,
) -> int:
    """Start everything, run a flow of every kind of task, cancel it half-way, and prove it.

    Nothing of it is left behind, unless --keep says so.
    """
    from rescind.cli.demo.running import DemoCommand, show_demo

    folder = None if files is None else files.resolve()
    command = DemoCommand(keep=keep, chaos=chaos, files=folder, executor=executor, on=on)
    return show_demo(command, as_json=as_json)
