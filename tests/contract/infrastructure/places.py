"""Each kind of infrastructure, its jobs shell scripts, seen from the table of processes."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

import pytest

from rescind.errors import InfrastructureError
from rescind.events.words import Handle
from rescind.runners.executors.processtree.identity import Process, carriers
from rescind.runners.infrastructure.base import JOB_VARIABLE, Infrastructure, Job
from rescind.runners.infrastructure.docker import DockerInfrastructure
from rescind.runners.infrastructure.ecs import EcsInfrastructure
from rescind.runners.infrastructure.kubernetes.jobs import KubernetesInfrastructure
from rescind.runners.infrastructure.process import ProcessInfrastructure
from tests import cluster, ecs, engine
from tests.waiting import until

__all__ = ["KINDS", "Place", "closed", "place_of"]

SHELL: Final = ("sh", "-c")
KINDS: Final = [
    pytest.param("process"),
    pytest.param("docker", marks=pytest.mark.docker_engine),
    pytest.param("kubernetes", marks=pytest.mark.kubernetes_cluster),
    pytest.param("ecs", marks=pytest.mark.ecs_endpoint),
]


@dataclass
class Place:
    """One infrastructure, and what was started there."""

    infrastructure: Infrastructure
    started: list[Handle] = field(default_factory=list[Handle])

    def start(self, script: str, flow_run_id: str = "f") -> Handle:
        handle = self.infrastructure.start(Job(flow_run_id=flow_run_id, arguments=[script]))
        self.started.append(handle)
        return handle

    async def running(self, script: str, name: str = "sleep", flow_run_id: str = "f") -> Handle:
        """Start it, and wait until a process of this name runs of it."""
        handle = self.start(script, flow_run_id)
        await until(lambda: name in {process.name for process in self.processes(handle)})
        if self.infrastructure.kind == "ecs":
            await until(lambda: ecs.is_running(handle))
        return handle

    def processes(self, handle: Handle) -> list[Process]:
        """What this host's table has of a job."""
        return carriers(JOB_VARIABLE, str(handle.identity["mark"]))

    def kill(self, handle: Handle) -> None:
        """End its processes, past whatever has started them."""
        for process in self.processes(handle):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)

    async def ended(self, handle: Handle) -> int | None:
        """The exit code, once it has ended by itself."""
        await until(lambda: self.infrastructure.status(handle).state != "running")
        return self.infrastructure.status(handle).exit_code

    @property
    def killed(self) -> set[str]:
        """What is said of one that was killed: the emulator of ECS has 0 for all that it stops."""
        return {"killed", "terminated"} if self.infrastructure.kind == "ecs" else {"killed"}

    async def stop(self, handle: Handle, grace_seconds: float) -> tuple[str, dict[str, object]]:
        """How it ended, and the facts."""
        evidence = await asyncio.to_thread(self.infrastructure.stop, handle, grace_seconds)
        return evidence.how, dict(evidence.facts)

    def other(self) -> Infrastructure:
        """Another one of the same scope, that has started nothing: a runner after its restart."""
        match self.infrastructure.kind:
            case "docker":
                return DockerInfrastructure()
            case "kubernetes":
                return KubernetesInfrastructure()
            case "ecs":
                return EcsInfrastructure()
            case _:
                return ProcessInfrastructure()


@contextmanager
def place_of(kind: str) -> Iterator[Place]:
    """It, and at its end nothing of what was started."""
    with ExitStack() as stack:
        place = Place(_made(kind, stack))
        stack.callback(closed, place.infrastructure)
        try:
            yield place
        finally:
            for handle in place.started:
                _end(place, handle)


def closed(infrastructure: Infrastructure) -> None:
    """Let go of its connections, if it is of a kind that has some."""
    if not isinstance(infrastructure, ProcessInfrastructure):
        assert isinstance(
            infrastructure, DockerInfrastructure | KubernetesInfrastructure | EcsInfrastructure
        )
        infrastructure.close()


def _end(place: Place, handle: Handle) -> None:
    if isinstance(place.infrastructure, EcsInfrastructure):
        # An emulator lets what is deaf live for five seconds.
        place.kill(handle)
        return
    with contextlib.suppress(InfrastructureError):
        place.infrastructure.stop(handle, 0)
        place.infrastructure.clear(handle)


def _made(kind: str, stack: ExitStack) -> Infrastructure:
    match kind:
        case "docker":
            engine.required_engine()
            return DockerInfrastructure(engine.deployment(*SHELL))
        case "kubernetes":
            cluster.required_cluster()
            return KubernetesInfrastructure(cluster.deployment(*SHELL))
        case "ecs":
            ecs.required_ecs()
            return EcsInfrastructure(stack.enter_context(ecs.deployed(*SHELL)))
        case _:
            return ProcessInfrastructure(SHELL)
