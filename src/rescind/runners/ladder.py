"""The timetable of the ladder: which rung is due when, as data.

Times are milliseconds since the runner read the intent, on its own clock, so the ladder goes on
while the service is away. Pure: whoever climbs brings the clock and the executor. It never ends by
itself: the interrupt comes again every second, since user code can swallow it, and so does the
kill, since taking a rung can fail. Whoever climbs stops when the attempt has ended.

::

    graceful, grace 30 s     0 flag, interrupt   1 s interrupt … 15 s terminate … 30 s kill, 31 s …
    cooperative 5 s          0 flag              5 s interrupt … 15 s terminate … 30 s kill, 31 s …
    threads                  0 flag (and nothing more that could be taken)
    abort, or grace 0        0 kill, 1 s kill …

Absent on purpose: the deadline and what happens at it (the service's clocks), and the exit of the
host process on abort (the flow runner's).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from rescind.runners.executors.base import Rung

__all__ = ["REPEAT_MS", "Step", "timetable"]

REPEAT_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Step:
    """One rung, due at a time; `again` counts from 0 for each rung."""

    at_ms: int
    rung: Rung
    again: int = 0


def timetable(
    *,
    mode: Literal["graceful", "abort"],
    grace_seconds: float,
    rungs: Collection[Rung],
    cooperative_seconds: float = 0.0,
) -> Iterator[Step]:
    """The steps in order of time; without end if one of them repeats.

    A rung that the executor lacks is left out, not replaced. An interrupt that would come no
    earlier than something stronger is left out too: a task cannot ask for more time than the
    grace has.
    """
    if mode == "abort" or grace_seconds == 0:
        if Rung.KILL in rungs:
            return _each_second(Rung.KILL, 0, None)
        return _climb(rungs, 0, 0)
    return _climb(rungs, round(cooperative_seconds * 1000), round(grace_seconds * 1000))


def _climb(rungs: Collection[Rung], interrupt_ms: int, grace_ms: int) -> Iterator[Step]:
    stronger = {Rung.TERMINATE: grace_ms // 2, Rung.KILL: grace_ms}
    due = {rung: at_ms for rung, at_ms in stronger.items() if rung in rungs}
    if Rung.FLAG in rungs:
        yield Step(0, Rung.FLAG)
    if Rung.INTERRUPT in rungs:
        yield from _each_second(Rung.INTERRUPT, interrupt_ms, min(due.values(), default=None))
    if Rung.TERMINATE in due:
        # Once: many programs take a second SIGTERM for leave to drop their clean-up.
        yield Step(due[Rung.TERMINATE], Rung.TERMINATE)
    if Rung.KILL in due:
        yield from _each_second(Rung.KILL, due[Rung.KILL], None)


def _each_second(rung: Rung, first_ms: int, until_ms: int | None) -> Iterator[Step]:
    at_ms, again = first_ms, 0
    while until_ms is None or at_ms < until_ms:
        yield Step(at_ms, rung, again)
        at_ms, again = at_ms + REPEAT_MS, again + 1
