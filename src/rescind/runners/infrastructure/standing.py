"""Standing by in one scope: what the service orders to be ended there is ended, and reported.

It is told at once, when it comes, what nobody living was asked to end: so a job that has gone
meanwhile, with its host or by itself, is reported as well, with what was seen of it.

A failure that may pass is tried again here, a few times and later each time; then, as any other, it
is reported with its code. The service asks again, later and later, until its deadline.
"""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final, Literal

import structlog

from rescind.errors import InfrastructureError
from rescind.events.words import RunnerCapabilities
from rescind.runners.client import Intent, Lost, RunnerClient, Scope, StopInfrastructure
from rescind.runners.infrastructure.base import Evidence, Infrastructure
from rescind.settings import Settings
from rescind.tracing.lines import about
from rescind.tracing.spans import span

__all__ = ["StandBy", "TornDown", "pauses"]

_TRIES: Final = 5
_PAUSE_SECONDS: Final = 0.5
_PAUSE_SECONDS_MAX: Final = 8.0
# What it has reported and Kafka does not take is asked of another one: not worth a minute's wait.
_FLUSH_SECONDS_MAX: Final = 10.0
# Each waits in a thread of its own for the grace to pass: a host that lost its power has many.
_AT_ONCE_MAX: Final = 64

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TornDown:
    """What became of one order; `code` is of the failure, `how` of the evidence."""

    kind: str
    outcome: Literal["done", "failed"]
    seconds: float
    how: str = ""
    code: str = ""


def pauses(tries: int = _TRIES, chance: Callable[[], float] = random.random) -> Iterator[float]:
    """The seconds to wait between so many tries: twice as long each time, up to 8 s, and apart."""
    for number in range(tries - 1):
        yield min(_PAUSE_SECONDS * 2**number, _PAUSE_SECONDS_MAX) * (0.5 + chance() / 2)


async def _unless(over: asyncio.Event, doing: Coroutine[None, None, None]) -> bool:
    """Do it, unless that comes first: without Kafka it would wait for ever. Whether it was done."""
    done, ended = asyncio.create_task(doing), asyncio.create_task(over.wait())
    try:
        await asyncio.wait({done, ended}, return_when=asyncio.FIRST_COMPLETED)
        if done.done():
            await done
            return True
        return False
    finally:
        ended.cancel()
        done.cancel()
        await asyncio.wait({done})


class StandBy:
    """One runner that can tear down. `tell` is told in the event loop what became of each order."""

    def __init__(
        self,
        infrastructure: Infrastructure,
        settings: Settings | None = None,
        *,
        pool: str = "infrastructure",
        tell: Callable[[TornDown], None] = lambda _done: None,
    ) -> None:
        self._infrastructure = infrastructure
        self._tell = tell
        self._news: asyncio.Queue[Intent] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(_AT_ONCE_MAX, "teardown")
        self._client = RunnerClient(
            settings,
            pool=pool,
            scope=Scope(infrastructure.scope),
            can=RunnerCapabilities(executor="none", can_stop_pending=False, can_tear_down=True),
            on_intent=self._news.put_nowait,
            flush_seconds_max=_FLUSH_SECONDS_MAX,
        )

    async def serve(self, until: asyncio.Event, *, drain_seconds: float) -> None:
        """Stand by until then, and finish what was begun, for so long at most.

        Raises `RefusedError`, or what entering a `RunnerClient` raises.
        """
        try:
            async with AsyncExitStack() as stack:
                if await _unless(until, self._begin(stack)):
                    await self._take_orders(until)
                if self._tasks:
                    _log.info("finishes what it has begun", teardowns=len(self._tasks))
                    await asyncio.wait(self._tasks, timeout=drain_seconds)
        finally:
            for task in self._tasks:
                task.cancel()
            # What waits in a thread cannot be cancelled, and is bounded by its grace.
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _begin(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self._client)
        await self._client.stand_by()
        _log.info("stands by", scope=self._infrastructure.scope)

    async def _take_orders(self, until: asyncio.Event) -> None:
        over = asyncio.create_task(until.wait())
        try:
            while not over.done():
                news = asyncio.create_task(self._news.get())
                await asyncio.wait({over, news}, return_when=asyncio.FIRST_COMPLETED)
                if not news.done():
                    news.cancel()
                    return
                await self._take(news.result())
        finally:
            over.cancel()

    async def _take(self, intent: Intent) -> None:
        match intent:
            case StopInfrastructure():
                with about(flow_run_id=intent.flow_run_id, traceparent=intent.traceparent):
                    task = asyncio.create_task(self._tear_down(intent))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case Lost():
                # It holds nothing: it is told again, under its new name, what is not done.
                await self._client.renew()
                await self._client.stand_by()
            case _:
                _log.warning("told of what it does not hold", intent=repr(intent))

    async def _tear_down(self, intent: StopInfrastructure) -> None:
        intent.report("started")
        began = time.monotonic()
        log = _log.bind(handle=intent.handle.model_dump(mode="json"))
        kind = self._infrastructure.kind
        try:
            with span("end infrastructure", "internal", _about(intent, kind), intent.traceparent):
                evidence = await self._stop(intent)
        except InfrastructureError as error:
            log.warning("a teardown failed", code=error.code, why=str(error))
            intent.report("failed", code=error.code, message=str(error))
            self._tell(TornDown(kind, "failed", time.monotonic() - began, code=error.code))
        except Exception as error:
            log.exception("a teardown failed")
            intent.report(
                "failed", code="internal_error", message=f"{type(error).__name__}: {error}"
            )
            self._tell(TornDown(kind, "failed", time.monotonic() - began, code="internal_error"))
        else:
            log.info("torn down", **evidence.to_dict())
            code = "not_found" if evidence.how == "not_found" else ""
            intent.report("done", code=code, evidence=evidence.to_dict())
            self._tell(TornDown(kind, "done", time.monotonic() - began, how=evidence.how))

    async def _stop(self, intent: StopInfrastructure) -> Evidence:
        loop = asyncio.get_running_loop()
        waits = pauses()
        while True:
            try:
                return await loop.run_in_executor(
                    self._threads, self._infrastructure.stop, intent.handle, intent.grace_seconds
                )
            except InfrastructureError as error:
                if not error.is_transient or (seconds := next(waits, None)) is None:
                    raise
                _log.info("a teardown is tried again", why=str(error), in_seconds=round(seconds, 2))
                await asyncio.sleep(seconds)


def _about(intent: StopInfrastructure, kind: str) -> dict[str, str]:
    return {
        "rescind.flow_run_id": intent.flow_run_id,
        "rescind.runner_id": intent.target_runner_id,
        "rescind.infrastructure": kind,
    }
