"""The backends by their names. What one needs is imported when it is asked for."""

from typing import Final, Literal, TypeAlias, get_args

from rescind.runners.infrastructure.base import Infrastructure
from rescind.runners.infrastructure.deployment import Deployment

__all__ = ["KINDS", "Kind", "infrastructure"]

Kind: TypeAlias = Literal["process", "docker"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)


def infrastructure(kind: Kind, deployment: Deployment | None = None) -> Infrastructure:
    """The one of that kind that is reached from here.

    `deployment` is for whoever starts jobs.

    Raises `ExtraMissingError` or an `InfrastructureError`.
    """
    if kind == "process":
        from rescind.runners.infrastructure.process import ProcessInfrastructure

        return ProcessInfrastructure()
    from rescind.runners.infrastructure.docker import DockerInfrastructure

    return DockerInfrastructure(None if deployment is None else deployment.docker)
