"""The conductor when something breaks that must not: whoever waits is told, and nothing hangs."""

import asyncio
from typing import Any, cast

import pytest

from rescind.runners.executors import AttemptKey, Call, Executor
from rescind.runners.flowrunner.conductor import Conductor
from rescind.runners.flowrunner.submission import Submission
from rescind.runners.flowrunner.watching import Watcher
from tests.contract.sdk.session import GrantingRun


class BrokenExecutor:
    """Breaks in a way that is nobody's `RescindError`; may have begun the work before."""

    def __init__(self, *, begins: bool) -> None:
        self._begins = begins
        self._held: list[AttemptKey] = []

    def submit(self, work: Any, *_: object) -> None:
        if self._begins:
            self._held.append(work.key)
        raise RuntimeError("broken")

    def held(self) -> list[AttemptKey]:
        return self._held


@pytest.mark.parametrize(
    "begins,reported", [(False, [("t", 1, "failed")]), (True, [])], ids=["", "begun"]
)
async def test_a_task_run_that_could_not_be_carried_has_failed_and_is_waited_for_no_more(
    begins: bool, reported: list[tuple[str, int, str]]
) -> None:
    run = GrantingRun()
    executor = cast("Executor", BrokenExecutor(begins=begins))
    conductor = Conductor(cast("Any", run), executor, 1, Watcher())
    submission = Submission("t", "t", Call(print))

    conductor.take_on(submission)
    async with asyncio.timeout(30):
        outcome = await asyncio.wrap_future(submission.done)

    assert outcome.end.end == "failed"
    assert outcome.end.error is not None
    assert outcome.end.error.message == "broken"
    # What may still run is not said to have ended.
    assert run.reported == reported
