"""Flow runs in infrastructure of their own, and runners that end it, beside a real service."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
import pytest

from rescind.events.journal import InfrastructureTeardown
from rescind.runners.executors.processtree.identity import Process as Seen
from rescind.runners.executors.processtree.identity import carriers
from rescind.runners.infrastructure.base import JOB_VARIABLE
from tests import cluster, ecs, engine
from tests.scenarios import flows_in_infrastructure
from tests.scenarios.harness import Scene
from tests.scenarios.processes import Process
from tests.waiting import until

__all__ = ["KINDS", "Hosted", "hosted", "outcomes", "standing_by", "teardowns"]

KINDS: Final = [
    pytest.param("process"),
    pytest.param("docker", marks=pytest.mark.docker_engine),
    pytest.param("kubernetes", marks=pytest.mark.kubernetes_cluster),
    pytest.param("ecs", marks=pytest.mark.ecs_endpoint),
]
_COMMAND: Final = [sys.executable, "-m", "rescind"]
_FILE: Final = flows_in_infrastructure.__file__


@dataclass(frozen=True, slots=True)
class Hosted:
    """A flow run in infrastructure of its own; `command` is what has started it and follows it."""

    flow_run_id: str
    command: Process
    mark: str

    def processes(self) -> list[Seen]:
        """What the table of this host has of it."""
        return carriers(JOB_VARIABLE, self.mark)

    def flow_runner(self) -> psutil.Process:
        """The process that heartbeats."""
        found = [psutil.Process(seen.pid) for seen in self.processes()]
        # In a container there is also its init, with the same words behind its own.
        (runner,) = [each for each in found if each.cmdline()[1:4] == ["-m", "rescind", "run"]]
        return runner


async def hosted(
    scene: Scene, kind: str, flow: str, name: str = "f", executor: str = "local"
) -> Hosted:
    """Start it by the command, and wait until its task run is at work."""
    flow_run_id = scene.named(name)
    folder = scene.house.folder / flow_run_id
    folder.mkdir()
    command = scene.house.command(
        *("run", f"{_FILE}:{flow}", "--on", kind, "--flow-run-id", flow_run_id),
        *("--executor", executor, "--param", f"folder={folder}"),
        *_deployed(scene, kind, folder),
    )
    began = folder / "began"

    def is_at_work() -> bool:
        assert not command.has_ended, command.said()
        return began.exists() and bool(began.read_text())

    await until(is_at_work, within_seconds=60)
    return Hosted(flow_run_id, command, began.read_text())


def _deployed(scene: Scene, kind: str, folder: Path) -> Sequence[str]:
    if kind == "process":
        return ()
    file = folder / "deployment.toml"
    file.write_text(
        f"[{kind}]\n{_table(scene, kind, folder)}command = {_COMMAND!r}\n"
        f"environment = {{ RESCIND_DATA_DIR = '/tmp/rescind' }}\n"
    )
    return ("--deployment", str(file))


def _table(scene: Scene, kind: str, folder: Path) -> str:
    """What is the kind's own."""
    match kind:
        case "docker":
            return _in_docker(folder)
        case "kubernetes":
            return _in_kubernetes(folder)
        case _:
            return _in_ecs(scene, folder)


def _in_docker(folder: Path) -> str:
    engine.required_engine()
    mounts = [*engine.MOUNTS, f"{folder}:{folder}"]
    return (
        f"image = {engine.IMAGE!r}\nmounts = {mounts!r}\n"
        f"network = 'host'\nworking_dir = {str(folder)!r}\n"
    )


def _in_kubernetes(folder: Path) -> str:
    cluster.required_cluster()
    mounts = [*cluster.MOUNTS, f"{folder}:{folder}"]
    return (
        f"image = {cluster.IMAGE!r}\nmounts = {mounts!r}\nimage_pull_policy = 'Never'\n"
        f"pod = {{ hostNetwork = true }}\ncontainer = {{ workingDir = {str(folder)!r} }}\n"
    )


def _in_ecs(scene: Scene, folder: Path) -> str:
    ecs.required_ecs()
    made = scene.house.beside.enter_context(ecs.deployed(mounts=[f"{folder}:{folder}"]))
    return (
        f"cluster = {made.cluster!r}\ntask_definition = {made.task_definition!r}\n"
        f"container = {made.container!r}\nsubnets = {made.subnets!r}\n"
    )


async def standing_by(scene: Scene, *kinds: str) -> Process:
    """``rescind runner`` for these kinds, once it stands by."""
    on = [part for kind in kinds for part in ("--on", kind)]
    return await until_standing_by(scene.house.command("runner", *on), len(kinds) or 1)


async def until_standing_by(process: Process, times: int = 1) -> Process:
    def stands_by() -> bool:
        assert not process.has_ended, process.said()
        return process.said().count("stands by") == times

    await until(stands_by, within_seconds=60)
    return process


def teardowns(scene: Scene, flow_run_id: str) -> list[InfrastructureTeardown]:
    events = [entry.event for entry in scene.events(flow_run_id, "infrastructure.teardown")]
    return [event for event in events if isinstance(event, InfrastructureTeardown)]


def outcomes(scene: Scene, flow_run_id: str) -> list[str]:
    """What became of its teardowns, in order."""
    return [event.outcome for event in teardowns(scene, flow_run_id)]
