"""`worker`, `agents`, `server` and `runner`: the processes that a deployment runs."""

from enum import StrEnum
from typing import Annotated

import typer

from rescind.cli.importing import importing

__all__ = ["agents", "runner", "server", "worker"]


class Infrastructure(StrEnum):
    """Typer reads a list of these, and none of a `Literal`."""

    PROCESS = "process"
    DOCKER = "docker"
    KUBERNETES = "kubernetes"
    ECS = "ecs"


def worker() -> int:
    """Run a lifecycle worker, the only writer of the journal. SIGTERM drains it."""
    with importing():
        from rescind.cli.services import serve_worker

    return serve_worker()


def agents() -> int:
    """Run the agents: liveness of runners, reminders, bulk sweeps, hooks. SIGTERM drains them."""
    with importing():
        from rescind.cli.services import serve_agents

    return serve_agents()


def server() -> int:
    """Run the HTTP API and the pages, at RESCIND_HTTP_HOST. SIGTERM drains it."""
    with importing():
        from rescind.cli.services import serve_http

    return serve_http()


def runner(
    on: Annotated[
        list[Infrastructure] | None,
        typer.Option(help="What it ends; repeat. By default the processes of this host."),
    ] = None,
) -> int:
    """End what does not answer from outside: jobs of this host, or of an engine or cluster.

    It holds no task runs. One for each host, Docker engine, cluster and region of ECS is enough.
    SIGTERM drains it.
    """
    with importing():
        from rescind.cli.standing import serve_runner

    return serve_runner([each.value for each in on or [Infrastructure.PROCESS]])
