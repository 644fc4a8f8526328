"""The backends by their names. What one needs is imported when it is asked for."""

from typing import Final, Literal, TypeAlias, get_args

from rescind.runners.infrastructure.base import Infrastructure
from rescind.runners.infrastructure.deployment import Deployment

__all__ = ["KINDS", "Kind", "infrastructure", "look_seconds"]

Kind: TypeAlias = Literal["process", "docker", "ecs"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)

_LOOK_SECONDS: Final = 0.2
# AWS counts what an account asks for, and refuses what is too much to all who ask there.
_LOOK_SECONDS_OF: Final = {"ecs": 2.0}


def infrastructure(kind: Kind, deployment: Deployment | None = None) -> Infrastructure:
    """The one of that kind that is reached from here.

    `deployment` is for whoever starts jobs.

    Raises `ExtraMissingError` or an `InfrastructureError`.
    """
    if kind == "process":
        from rescind.runners.infrastructure.process import ProcessInfrastructure

        return ProcessInfrastructure()
    if kind == "ecs":
        from rescind.runners.infrastructure.ecs import EcsInfrastructure

        return EcsInfrastructure(None if deployment is None else deployment.ecs)
    from rescind.runners.infrastructure.docker import DockerInfrastructure

    return DockerInfrastructure(None if deployment is None else deployment.docker)


def look_seconds(kind: Kind) -> float:
    """How long to wait between two looks at a job of that kind."""
    return _LOOK_SECONDS_OF.get(kind, _LOOK_SECONDS)
