"""The backends by their names. What one needs is imported when it is asked for."""

from collections.abc import Mapping
from importlib import import_module
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from rescind.runners.infrastructure.base import Infrastructure
from rescind.runners.infrastructure.deployment import Deployment

__all__ = ["BACKENDS", "KINDS", "Backend", "Kind", "infrastructure"]

Kind: TypeAlias = Literal["process", "docker", "kubernetes", "ecs"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)


class Backend(NamedTuple):
    """What is different about a kind for whoever starts a job of it."""

    module: str
    name: str
    needs_table: bool = True
    """Whether none can be started without a table of the kind's name in a deployment file."""
    look_seconds: float = 0.2
    """How often whoever follows a job may ask how it is."""


_ROOM: Final = "rescind.runners.infrastructure"

BACKENDS: Final[Mapping[Kind, Backend]] = {
    "process": Backend(f"{_ROOM}.process", "ProcessInfrastructure", needs_table=False),
    "docker": Backend(f"{_ROOM}.docker", "DockerInfrastructure"),
    # Every look is two requests to what the whole cluster asks.
    "kubernetes": Backend(f"{_ROOM}.kubernetes.jobs", "KubernetesInfrastructure", look_seconds=1.0),
    # AWS counts what an account asks for, and refuses what is too much to all who ask there.
    "ecs": Backend(f"{_ROOM}.ecs", "EcsInfrastructure", look_seconds=2.0),
}


def infrastructure(kind: Kind, deployment: Deployment | None = None) -> Infrastructure:
    """The one of that kind that is reached from here.

    `deployment` is for whoever starts jobs.

    Raises `ExtraMissingError` or an `InfrastructureError`.
    """
    backend = BACKENDS[kind]
    made = getattr(import_module(backend.module), backend.name)
    place: Infrastructure = (
        made(None if deployment is None else getattr(deployment, kind))
        if backend.needs_table
        else made()
    )
    return place
