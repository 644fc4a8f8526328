"""Taking the ladder: which attempts, which rung, when; and telling the service each time.

The timetable is `rescind.runners.ladder`'s, the clock is this runner's, so a cancellation goes on
while the service and Kafka are away. An executor that raises is reported, and the next rung is
taken all the same.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from rescind.events.requests import Step as StepReport
from rescind.events.words import Mode
from rescind.events.words import Rung as WireRung
from rescind.runners.client import Run
from rescind.runners.executors import AttemptKey, Executor, Rung, RungResult
from rescind.runners.ladder import Step, timetable

__all__ = ["Climb", "climb", "time_out"]

TIMEOUT_GRACE_SECONDS: Final = 10.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Climb:
    """One ladder for some attempts of one executor that share a timetable.

    `began_seconds` is by `time.monotonic`: when the intent was read. `on_rung` hears each rung.
    """

    run: Run
    executor: Executor
    keys: Sequence[AttemptKey]
    mode: Mode
    grace_seconds: float
    cooperative_seconds: float
    began_seconds: float
    cancellation_id: str | None = None
    on_rung: Callable[[RungResult, int], None] | None = None


async def climb(ladder: Climb) -> None:
    """Take rung after rung until all attempts have ended. Cancel it to stop climbing."""
    rungs = ladder.executor.rungs_of(ladder.keys[0])
    steps = timetable(
        mode="abort" if ladder.mode is Mode.ABORT else "graceful",
        grace_seconds=ladder.grace_seconds,
        rungs=rungs,
        cooperative_seconds=ladder.cooperative_seconds,
    )
    for step in steps:
        delay = ladder.began_seconds + step.at_ms / 1000 - time.monotonic()
        if delay > 0:
            await asyncio.sleep(delay)
        held = set(ladder.executor.held())
        left = [key for key in ladder.keys if key in held]
        if not left:
            return
        _take(ladder, left, step)


async def time_out(
    run: Run,
    executor: Executor,
    key: AttemptKey,
    on_rung: Callable[[RungResult, int], None],
) -> None:
    """End an attempt that has taken too long, by the same ladder as a cancellation."""
    ladder = Climb(
        run=run,
        executor=executor,
        keys=[key],
        mode=Mode.GRACEFUL,
        grace_seconds=TIMEOUT_GRACE_SECONDS,
        cooperative_seconds=0,
        began_seconds=time.monotonic(),
        on_rung=on_rung,
    )
    await climb(ladder)


def _take(ladder: Climb, keys: Sequence[AttemptKey], step: Step) -> None:
    try:
        results = ladder.executor.cancel(keys, step.rung)
    except Exception as error:  # noqa: BLE001 - whatever it is, the ladder goes on
        _log.exception("the executor failed to cancel", executor=ladder.executor.name)
        ladder.run.executor_report(
            "failed", f"{type(error).__name__}: {error}"[:2_000], executor=ladder.executor.name
        )
        return
    after_ms = round((time.monotonic() - ladder.began_seconds) * 1000)
    if ladder.on_rung is not None:
        for result in results:
            ladder.on_rung(result, after_ms)
    # Each rung from the second on is told, and each repeat of it is not: the last rung explains
    # a run that is stuck, its number of repeats is in the evidence of its end.
    if step.rung is not Rung.FLAG and step.again == 0:
        reports = list(_reports(results, after_ms))
        if reports:
            ladder.run.stopping(reports, ladder.cancellation_id)


def _reports(results: Iterable[RungResult], after_ms: int) -> Iterable[StepReport]:
    for result in results:
        if result.outcome != "not_held":
            yield StepReport(
                task_run_id=result.key.task_run_id,
                attempt=result.key.attempt,
                rung=WireRung(result.rung.value),
                after_ms=after_ms,
                outcome=result.outcome,
                message=result.message[:2_000],
            )
