"""What the service is told of work that ends as cancelled though nobody has asked for that."""

import asyncio
from typing import Any, cast

import pytest

from rescind.events.words import End
from rescind.runners.executors import (
    AsyncExecutor,
    AttemptKey,
    Call,
    Executor,
    ProcessExecutor,
    ThreadExecutor,
    WorkEnd,
)
from rescind.runners.flowrunner.conductor import Conductor
from rescind.runners.flowrunner.reporting import ended_of
from rescind.runners.flowrunner.submission import Submission
from rescind.runners.flowrunner.watching import Watcher
from tests.contract.executors.works import raise_cancelled
from tests.contract.sdk.session import GrantingRun


@pytest.mark.parametrize("kind", [ThreadExecutor, AsyncExecutor, ProcessExecutor])
async def test_a_task_run_is_reported_as_cancelled_and_not_tried_again(
    kind: type[Executor],
) -> None:
    run, executor = GrantingRun(), kind()
    conductor = Conductor(cast("Any", run), executor, 1, Watcher())
    submission = Submission("t", "t", Call(raise_cancelled), retries=2)
    executor.start()
    try:
        conductor.take_on(submission)
        async with asyncio.timeout(60):
            await asyncio.wrap_future(submission.done)
    finally:
        executor.shutdown(kill=True)

    assert run.reported == [("t", 1, "cancelled")]


@pytest.mark.parametrize("asked,end", [(False, End.FAILED), (True, End.CANCELLED)])
def test_a_body_has_failed_unless_its_flow_run_is_being_cancelled(asked: bool, end: End) -> None:
    gave_up = WorkEnd(AttemptKey("f", "body"), "cancelled", how="by_runner")

    assert ended_of(gave_up, may_be_cancelled=asked).end is end
