"""`Lanes`: tells a hook what there is to tell, in order for each flow run, until it has taken it.

Each flow run has a lane of its own. What waits there for the next try holds no other lane up, and
of a few that are being tried each may take no longer than the hook's time. What is not taken for
too long becomes a dead letter, and the lane goes on.
"""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from rescind.errors import RescindError
from rescind.processors.hooking.notices import Notice
from rescind.processors.hooking.tracing import said, trying
from rescind.processors.hooking.tries import Target, Try, wait_seconds
from rescind.processors.measuring.hooks import HookMeters

__all__ = ["AT_ONCE", "Lanes"]

AT_ONCE: Final = 8
"""Tries of one hook at the same time."""
GRACE_SECONDS: Final = 3.0
"""What tries that are under way are given when this process, or a partition, goes."""
RETRY_SECONDS_MIN: Final = 60.0
"""For so long anything is tried, however old it is."""
BURY_AGAIN_SECONDS: Final = 5.0
CLOCK_SECONDS: Final = 0.1
"""So well the broker's time is known: who waits until then waits a little more."""

_log = structlog.get_logger(__name__)

Buried = Callable[[Notice, Try, int], Awaitable[None]]
"""Puts a notice among the dead letters; the last try, and how many there were."""


@dataclass(slots=True)
class _Lane:
    waiting: deque[Notice] = field(default_factory=deque[Notice])
    task: asyncio.Task[None] | None = None


class Lanes:
    """The lanes of one hook. ``ended`` is called for each notice that was taken or buried.

    ``now_ms`` is the time by the clock that notices have their times from.
    """

    def __init__(
        self,
        name: str,
        target: Target,
        retry_seconds: float,
        ended: Callable[[Notice], None],
        bury: Buried,
        meters: HookMeters,
        now_ms: Callable[[], int],
    ) -> None:
        self._name = name
        self._target = target
        self._retry_seconds = retry_seconds
        self._ended = ended
        self._bury = bury
        self._meters = meters
        self._now_ms = now_ms
        self._lanes: dict[str, _Lane] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._closing = asyncio.Event()
        self._changed = asyncio.Event()
        self._is_failing = False
        self.pending = 0

    def put(self, notice: Notice) -> None:
        """Tell this after what was put for the same flow run before."""
        flow_run_id = notice.event.flow_run_id or ""
        lane = self._lanes.setdefault(flow_run_id, _Lane())
        lane.waiting.append(notice)
        self.pending += 1
        if lane.task is None:
            lane.task = asyncio.create_task(
                self._serve(flow_run_id, lane), name=f"hook-{self._name}"
            )

    def oldest_ms(self) -> int | None:
        """When the oldest of what was not taken happened, by the broker's clock."""
        firsts = (lane.waiting[0].event.at for lane in self._lanes.values() if lane.waiting)
        return min(firsts, default=None)

    async def until_fewer_than(self, count: int, seconds: float) -> None:
        """Wait until there is room, at most so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.pending >= count:
                    self._changed.clear()
                    await self._changed.wait()

    async def close(self) -> None:
        """Begin no more tries; what is not taken by now is left open."""
        self._closing.set()
        tasks = [lane.task for lane in self._lanes.values() if lane.task is not None]
        if not tasks:
            return
        _, left = await asyncio.wait(tasks, timeout=GRACE_SECONDS)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)

    async def _serve(self, flow_run_id: str, lane: _Lane) -> None:
        while lane.waiting:
            if not await self._tell(lane.waiting[0]):
                return
            notice = lane.waiting.popleft()
            self.pending -= 1
            self._changed.set()
            self._ended(notice)
        del self._lanes[flow_run_id]

    async def _tell(self, notice: Notice) -> bool:
        """Try until it is taken or buried; whether that came to be before this closes."""
        end_ms = self._end_ms(notice)
        tries = 0
        while True:
            async with self._slots:
                if self._closing.is_set():
                    return False
                left = (end_ms - self._now_ms()) / 1000
                answer = await self._try(notice)
            tries += 1
            if answer.is_taken:
                return True
            if answer.is_final or left <= 0:
                return await self._put_away(notice, answer, tries)
            # Whatever it asks for, it is tried once more when its time is over.
            wait = wait_seconds(tries, answer.after_seconds, random.random)
            left = (end_ms - self._now_ms()) / 1000
            await self._pause(min(wait, max(left, 0) + CLOCK_SECONDS))

    def _end_ms(self, notice: Notice) -> float:
        """Until when it is tried: so long after it happened, whoever was away or waited since.

        What is told for the first time when that is over may still meet a receiver that is just
        being restarted.
        """
        at_least = min(self._retry_seconds, RETRY_SECONDS_MIN)
        return max(notice.event.at + self._retry_seconds * 1000, self._now_ms() + at_least * 1000)

    async def _put_away(self, notice: Notice, answer: Try, tries: int) -> bool:
        """Bury it; whether that came to be before this closes."""
        while True:
            try:
                await self._bury(notice, answer, tries)
            except RescindError as error:
                _log.error("a dead letter could not be written", hook=self._name, error=str(error))
            except Exception:  # noqa: BLE001 - a bug here must not end what else waits in the lane
                _log.exception("a dead letter could not be written", hook=self._name)
            else:
                self._meters.buried(self._name)
                return True
            await self._pause(BURY_AGAIN_SECONDS)
            if self._closing.is_set():
                return False

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until this closes."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    async def _try(self, notice: Notice) -> Try:
        try:
            with trying(self._name, notice) as span:
                answer = await self._target.tell(notice.event)
                said(span, answer)
        except Exception as error:  # noqa: BLE001 - a bug of ours must not keep it from being told
            _log.exception("a hook could not be tried", hook=self._name)
            answer = Try(f"{type(error).__name__}: {error}")
        self._meters.tried(self._name, notice.event.type, answer)
        if answer.is_taken and self._is_failing:
            _log.info("a hook takes events again", hook=self._name)
        elif not answer.is_taken and not self._is_failing:
            _log.warning(
                "a hook fails; it is tried again",
                hook=self._name,
                why=answer.why_not,
                event_id=notice.event.id,
            )
        self._is_failing = not answer.is_taken
        return answer
