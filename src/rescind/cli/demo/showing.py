"""One showing of the demo, on a house that is up: the flow, the cancel, and what came of it."""

import asyncio
import os
import time
from asyncio.subprocess import Process
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rescind.cli.audit.verdict import Verdict as Audit
from rescind.cli.audit.verifying import verify
from rescind.cli.demo import job
from rescind.cli.demo.cast import CASTS, LONG
from rescind.cli.demo.chaos import kill_broker, kill_service
from rescind.cli.demo.commands import running, spawned
from rescind.cli.demo.files import count_files, make_files
from rescind.cli.demo.ledger import Ledger
from rescind.cli.demo.leftovers import still_there
from rescind.cli.demo.listening import Listening
from rescind.cli.demo.place import MARK, Here, InContainer, Place
from rescind.cli.demo.verdicts import Verdict, judge
from rescind.cli.printing.output import Output
from rescind.cli.session import Session
from rescind.cli.up.house import House
from rescind.errors import NotReadyError
from rescind.kafka.reading.visits import ends
from rescind.kafka.topics import TopicNames
from rescind.runners.executors.processtree.identity import Process as Seen
from rescind.telling.words import counted

__all__ = ["Showing", "Shown"]

_WORKERS: Final = 5
_GRACE_SECONDS: Final = 6
_READY_SECONDS_MAX: Final = 60.0
_END_SECONDS_MAX: Final = 90.0
_LEFT_SECONDS_MAX: Final = 10.0
_LOOK_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Shown:
    """What came of a showing."""

    ledger: Ledger
    audit: Audit
    verdicts: list[Verdict]


class Showing:
    """The demo with one executor; ``files`` None: some are made; ``on``: where, else here."""

    def __init__(
        self,
        house: House,
        output: Output,
        *,
        executor: str,
        files: Path | None,
        chaos: bool,
        on: str | None = None,
    ) -> None:
        self._house = house
        self._output = output
        self._executor = executor
        self._files = files
        self._chaos = chaos
        self._cast = CASTS[executor]
        self._folder = house.settings.data_dir
        self._flow_run_id = f"demo-{os.getpid()}"
        self._place: Place = (
            Here(self._folder) if on is None else InContainer(self._folder, self._flow_run_id)
        )
        names = TopicNames(house.settings.topic_prefix)
        self._session = Session(house.settings, house.connection, names, house.release)

    async def play(self) -> Shown:
        """Raises `FilesError`, or `NotReadyError` if the flow does not come to its long tasks.

        In a container, `InfrastructureError` as well.
        """
        files = self._files or make_files(self._folder / "files")
        count = min(count_files(files), job.FILES_MAX)
        self._say(f"A flow over {counted(count, 'file')} in {files}: checksums, then long tasks.")
        await asyncio.to_thread(self._place.prepare, files, self._target())
        try:
            return await self._play(files, count)
        finally:
            await asyncio.to_thread(self._place.end)

    async def _play(self, files: Path, count: int) -> Shown:
        since = await ends(self._session.connection, self._session.names.journal)
        listening = Listening(self._session, since, self._flow_run_id, self._output)
        environment = {**self._house.environment, **self._place.environment}
        command = running(self._log, environment, *self._run(files))
        async with listening, command as runner:
            await self._until_at_work(listening, runner, count)
            seen = await self._processes(runner)
            self._say(f"{self._place.called} {len(seen)} processes are at work.")
            await self._cancel()
            await listening.until(_is_over, within_seconds=_END_SECONDS_MAX)
            await self._until_ended(runner)
        return await self._judge(listening.ledger, seen)

    @property
    def _log(self) -> Path:
        return self._folder / "logs" / "runner.log"

    def _target(self) -> Path:
        target = self._folder / "packed"
        target.mkdir(exist_ok=True)
        return target

    def _run(self, files: Path) -> list[str]:
        arguments = ["run", f"{job.__file__}:archive", "--flow-run-id", self._flow_run_id]
        arguments += self._place.arguments
        arguments += ["--executor", self._executor, "--workers", str(_WORKERS)]
        arguments += ["--param", f"folder={files}", "--param", f"target={self._target()}"]
        arguments += ["--param", f"seconds={self._cast.seconds}"]
        return [*arguments, "--param", f"rounds={self._cast.rounds}"]

    async def _until_at_work(self, listening: Listening, runner: Process, files: int) -> None:
        """Wait until all that is to be stopped has been granted, and all else is registered."""
        task_runs = 1 + job.CHECKSUMS + len(LONG) + files

        def is_at_work(ledger: Ledger) -> bool:
            granted = ledger.granted()
            return granted >= set(self._cast.at_work) and len(ledger.lines) >= task_runs

        waiting = listening.until(is_at_work, within_seconds=_READY_SECONDS_MAX)
        at_work, ended = asyncio.ensure_future(waiting), asyncio.create_task(runner.wait())
        await asyncio.wait({at_work, ended}, return_when=asyncio.FIRST_COMPLETED)
        is_ready = at_work.done() and at_work.result()
        at_work.cancel()
        ended.cancel()
        if not is_ready:
            raise NotReadyError("flow runner", _READY_SECONDS_MAX, str(self._log))
        if self._chaos:
            kill_service(self._house, "agents", self._output)
            kill_broker(self._house, self._output)
            await self._house.until_ready()

    async def _processes(self, runner: Process) -> list[Seen]:
        """What runs of the flow, once its command has started all that it starts."""
        wanted = job.SLEEPERS if "watch" in self._cast.at_work else 0
        end = time.monotonic() + _READY_SECONDS_MAX
        while True:
            seen = self._place.processes(runner.pid)
            sleepers = sum(process.name == job.SLEEPER for process in seen)
            if sleepers >= wanted or time.monotonic() > end:
                return seen
            await asyncio.sleep(_LOOK_SECONDS)

    async def _cancel(self) -> None:
        arguments = ["cancel", self._flow_run_id, "--grace", str(_GRACE_SECONDS)]
        self._say(f"$ rescind {' '.join(arguments)}")
        asking = await spawned(
            self._log,
            self._house.environment,
            *arguments,
            *("--reason", "the demo has seen enough"),
            *("--answer-within", str(_READY_SECONDS_MAX)),
        )
        if self._chaos:
            kill_service(self._house, "worker", self._output)
        await asking.wait()

    async def _until_ended(self, runner: Process) -> None:
        """A flow runner exits by itself once its flow run is over; one that does not is killed."""
        await asyncio.wait([asyncio.create_task(runner.wait())], timeout=_END_SECONDS_MAX)

    async def _judge(self, ledger: Ledger, seen: list[Seen]) -> Shown:
        left = await self._left(seen)
        audit = await verify(self._session, None, self._output)
        unwhole = "" if audit.is_whole else "`rescind audit verify` names what is wrong"
        verdicts = judge(
            ledger, self._cast, left, unwhole, await asyncio.to_thread(self._place.left)
        )
        return Shown(ledger, audit, verdicts)

    async def _left(self, seen: list[Seen]) -> list[Seen]:
        """What still runs, after the kernel has had time to clear away what was killed."""
        end = time.monotonic() + _LEFT_SECONDS_MAX
        while True:
            left = still_there(seen, MARK, self._folder)
            if not left or time.monotonic() > end:
                return left
            # No process is told of the end of another one's child: looking is all there is.
            await asyncio.sleep(_LOOK_SECONDS)

    def _say(self, sentence: str) -> None:
        self._output.say(sentence, "bold")


def _is_over(ledger: Ledger) -> bool:
    return ledger.over is not None
