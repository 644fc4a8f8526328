"""Whose turn it is to decide: one partition of a process at a time, first what stops work.

Deciding is nothing but processor. Partitions that did it side by side would each take as long as
all of them together, and each step of a commit would wait for a slice of every one.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Turn"]

PASSED_MAX: Final = 3
"""So often others go first: who only starts work must get to it too."""


@dataclass(eq=False, slots=True)
class _Waiting:
    is_urgent: Callable[[], bool]
    turn: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    passed: int = 0


class Turn:
    """What one partition holds while it decides a batch. It is for one event loop."""

    def __init__(self) -> None:
        self._is_taken = False
        self._waiting = deque[_Waiting]()

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for it who has something that stops work."""
        return any(each.is_urgent() for each in self._waiting)

    @asynccontextmanager
    async def taken(self, is_urgent: Callable[[], bool]) -> AsyncIterator[None]:
        """Wait for it and hold it. `is_urgent` is asked while it waits: that may change."""
        await self._take(is_urgent)
        try:
            yield
        finally:
            self._pass_on()

    async def _take(self, is_urgent: Callable[[], bool]) -> None:
        if not self._is_taken:
            self._is_taken = True
            return
        waiting = _Waiting(is_urgent)
        self._waiting.append(waiting)
        try:
            await waiting.turn
        except asyncio.CancelledError:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            else:
                # It was given the turn at the same moment.
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        if not self._waiting:
            self._is_taken = False
            return
        chosen = first = self._waiting[0]
        if first.passed < PASSED_MAX:
            chosen = next((each for each in self._waiting if each.is_urgent()), first)
        if chosen is not first:
            first.passed += 1
        self._waiting.remove(chosen)
        chosen.turn.set_result(None)
