"""The service as its users meet it: its topics, its worker processes, the wire, the command.

A `House` is one deployment on the tests' broker: topics under a prefix of its own, made by
``rescind topics create``, and ``rescind worker`` processes. A `Scene` is what one scenario does
in it: it asks by raw records, runs flows, and reads the journal and the state topics. Nothing
here reaches into the service.
"""

import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import orjson

from rescind.cli.audit.verifying import verify
from rescind.cli.printing.output import Output
from rescind.cli.session import Session
from rescind.events.journal import Entry, RequestRefused
from rescind.events.states import FlowState, TaskState
from rescind.kafka.connection import Connection
from rescind.kafka.topics import TopicNames
from rescind.runners.executors.processtree.identity import Process as Carrier
from rescind.runners.executors.processtree.identity import carriers
from rescind.settings import Settings, load_settings
from tests.kafka.processors.journal import types_of
from tests.kafka.processors.service import KEY, Service
from tests.scenarios.processes import ROOT, Process
from tests.topics import topics_made
from tests.waiting import until

__all__ = [
    "PARTITIONS",
    "Driven",
    "House",
    "RunningFlow",
    "Scene",
    "alone",
    "refusals_in",
    "types_of",
]

PARTITIONS: Final = 2


class House:
    """One deployment: topics, workers, and how to reach them. Settings are those of all of it."""

    def __init__(self, bootstrap: str, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.connection = Connection(bootstrap)
        self.names = TopicNames(f"scenario-{secrets.token_hex(6)}.")
        given: dict[str, Any] = {
            "bootstrap": bootstrap,
            "topic_prefix": self.names.prefix,
            "partitions": PARTITIONS,
            "replication_factor": 1,
            "signing_keys": KEY,
            "data_dir": folder / "data",
            **settings,
        }
        self.settings: Settings = load_settings(**given)
        self._environ = {f"RESCIND_{name.upper()}": str(value) for name, value in given.items()}
        self._processes: list[Process] = []
        self.beside = ExitStack()
        """What was made for it elsewhere, and is taken away when its processes have ended."""

    def start(self, *arguments: str, cwd: Path | None = None, **settings: Any) -> Process:
        """A Python process that finds this deployment in its environment."""
        more = {f"RESCIND_{name.upper()}": str(value) for name, value in settings.items()}
        log = self.folder / f"{len(self._processes)}.log"
        process = Process(arguments, {**self._environ, **more}, log, cwd or ROOT)
        self._processes.append(process)
        return process

    def command(self, *arguments: str) -> Process:
        """Run the command ``rescind``."""
        return self.start("-m", "rescind", *arguments)

    def worker(self, **settings: Any) -> Process:
        """``rescind worker``; there may be more of them."""
        return self.start("-m", "rescind", "worker", **settings)

    def agents(self, **settings: Any) -> Process:
        """``rescind agents``; there may be more of them."""
        return self.start("-m", "rescind", "agents", **settings)

    def close(self) -> None:
        """End every process that it has started and that is still there."""
        for process in self._processes:
            process.end()
        self.beside.close()

    def left(self) -> list[Carrier]:
        """What runs of it wherever in the process table: what it has started may have no parent."""
        return carriers("RESCIND_TOPIC_PREFIX", self.names.prefix)

    def said(self) -> str:
        """The ends of what its processes have printed."""
        return "".join(f"--- {p.log.name}: {p.said()[-3000:]}\n" for p in self._processes)

    async def findings(self) -> list[str]:
        """What ``rescind audit verify`` finds, asked in this process."""
        session = Session(self.settings, self.connection, self.names, "")
        verdict = await verify(session, None, Output(as_json=True))
        said = [f"{f.where}: {f.message}" for a in verdict.partitions for f in a.findings]
        return said + [a.stopped for a in verdict.partitions if a.stopped]


@asynccontextmanager
async def alone(house: House) -> "AsyncIterator[Scene]":
    """One scenario in a deployment that is made for it and ends with it."""
    async with topics_made(house.connection, house.names, PARTITIONS):
        try:
            async with Scene(house) as scene:
                yield scene
            assert await house.findings() == []
            house.close()
            await until(lambda: not house.left(), within_seconds=20)
        finally:
            house.close()
            for process in house.left():
                sys.stdout.write(f"--- {process.pid} {process.name} still runs, and is ended\n")
                os.kill(process.pid, signal.SIGKILL)
            # Shown by pytest if the test has failed.
            sys.stdout.write(house.said())


class Scene(Service):
    """One scenario in a deployment. Ids of runs and runners are its own."""

    def __init__(self, house: House) -> None:
        super().__init__(house.connection, house.names, PARTITIONS)
        self.house = house
        self._mark = secrets.token_hex(4)

    def named(self, name: str) -> str:
        """An id that nobody else uses."""
        return f"{name}-{self._mark}"

    def elsewhere(self, flow_run_id: str, name: str) -> str:
        """An id that another partition serves than this flow run."""
        ids = (self.named(f"{name}-{number}") for number in range(1000))
        here = self.partition_of(flow_run_id)
        return next(other for other in ids if self.partition_of(other) != here)

    async def begun(
        self, name: str = "flow", tasks: Sequence[str] = (), **registration: Any
    ) -> "Driven":
        """A flow run with a body and these task runs, all granted, in the hands of a stranger."""
        driven = Driven(self, self.named(name), self.named(f"runner-of-{name}"))
        await self.begin(driven.flow_run_id, driven.runner_id, tasks, **registration)
        return driven

    async def begun_without_body(self, name: str = "flow", tasks: Sequence[str] = ()) -> "Driven":
        """The same without a body: its runner ends the flow run itself."""
        driven = Driven(self, self.named(name), self.named(f"runner-of-{name}"))
        partition = self.partition_of(driven.flow_run_id)
        hello = {"type": "runner.register", "runner_id": driven.runner_id}
        await self.answer_to(hello, partition=partition)
        await driven.says("flow.register")
        await driven.says("flow.start")
        if tasks:
            items = [{"task_run_id": task} for task in tasks]
            await driven.says("task.register", items=items)
            await driven.says("task.start", items=items)
        return driven

    async def cancel(self, flow_run_id: str, **fields: Any) -> list[Entry]:
        """Ask as a stranger does; the whole outcome."""
        return await self.answer_to({"type": "flow.cancel", "flow_run_id": flow_run_id, **fields})

    def events(self, flow_run_id: str, kind: str = "", task: str | None = None) -> list[Entry]:
        """What happened to a flow run: events whose type begins so, of this task run if named."""
        return [
            entry
            for entry in self.journal.about(flow_run_id)
            if entry.event.type.startswith(kind) and task in (None, entry.task_run_id)
        ]

    async def event(self, flow_run_id: str, kind: str, task: str | None = None) -> Entry:
        """The first such event, once it is there."""
        await self.journal.until(lambda: bool(self.events(flow_run_id, kind, task)))
        return self.events(flow_run_id, kind, task)[0]

    async def flow_state(self, flow_run_id: str) -> FlowState:
        """The flow run's record in its state topic, as of now."""
        value = await self._last(self.names.flow_states, flow_run_id)
        return FlowState.model_validate_json(value[flow_run_id])

    async def task_states(self, flow_run_id: str) -> dict[str, TaskState]:
        """The records of its task runs, by their ids."""
        values = await self._last(self.names.task_states, f"{flow_run_id}/")
        found = [TaskState.model_validate_json(value) for value in values.values()]
        return {state.task_run_id: state for state in found}

    async def states_of_all(self, topic: str) -> dict[str, dict[str, Any]]:
        """The records of a state topic by their keys, as of now."""
        values = await self._last(topic, "")
        return {key: orjson.loads(value) for key, value in values.items()}

    async def until_state(self, flow_run_id: str, state: str) -> FlowState:
        """Wait until the state topic says so."""

        async def is_there() -> bool:
            values = await self._last(self.names.flow_states, flow_run_id)
            return any(orjson.loads(value)["state"] == state for value in values.values())

        await until(is_there, within_seconds=60)
        return await self.flow_state(flow_run_id)

    def flow(self, name: str, executor: str, *, rerun_of: str = "") -> "RunningFlow":
        """Run a flow of `tests.scenarios.flows` in a process of its own."""
        flow_run_id = self.named(name)
        folder = self.house.folder / flow_run_id
        folder.mkdir()
        module = ("-m", "tests.scenarios.flows")
        process = self.house.start(*module, name, executor, flow_run_id, str(folder), rerun_of)
        return RunningFlow(flow_run_id, folder, process)

    async def rescind(self, *arguments: str) -> tuple[int, str]:
        """Run the command; its exit code and all that it printed."""
        process = self.house.command(*arguments)
        return await process.exit_code(), process.said()

    async def _last(self, topic: str, beginning: str) -> dict[str, bytes]:
        last: dict[str, bytes] = {}
        for record in await self.read(topic):
            key = (record.key or b"").decode()
            if key.startswith(beginning) and record.value is not None:
                last[key] = record.value
        return last


class Driven:
    """A flow run whose runner is the test: a stranger with a producer."""

    def __init__(self, scene: Scene, flow_run_id: str, runner_id: str) -> None:
        self._scene = scene
        self.flow_run_id = flow_run_id
        self.runner_id = runner_id

    async def says(self, kind: str, **fields: Any) -> list[Entry]:
        """Ask in this runner's name; the whole outcome."""
        about = {"flow_run_id": self.flow_run_id, "runner_id": self.runner_id}
        return await self._scene.answer_to({"type": kind, **about, **fields})

    async def ends(self, task: str, end: str, **fields: Any) -> list[Entry]:
        """Report an end."""
        return await self.says("task.finish", items=[{"task_run_id": task, "end": end, **fields}])


class RunningFlow:
    """A flow that runs in a process of its own. Its tasks speak by files in its folder."""

    def __init__(self, flow_run_id: str, folder: Path, process: Process) -> None:
        self.flow_run_id = flow_run_id
        self.folder = folder
        self.process = process

    async def begun(self, *marks: str) -> None:
        """Wait until user code has left these marks."""

        def is_there() -> bool:
            assert not self.process.has_ended, self.process.said()[-2000:]
            return all((self.folder / mark).exists() for mark in marks)

        await until(is_there, within_seconds=60)

    def go_on(self, mark: str) -> None:
        """Let a task go on that waits for it."""
        (self.folder / f"{mark}.go").touch()

    async def outcome(self) -> str:
        """Wait for the end of the process; the state of the flow run as its runner knows it."""
        assert await self.process.exit_code() == 0, self.process.said()[-2000:]
        return self.process.said().split()[-1]


def refusals_in(outcome: Sequence[Entry]) -> list[str]:
    """The codes of what was refused in an outcome."""
    return [e.event.code.value for e in outcome if isinstance(e.event, RequestRefused)]
