"""What the tests of teardowns share: who can be ended, what is read off an outcome."""

from typing import Any

from rescind.events.journal import InfrastructureTeardown, TaskCancelled, TaskFailed
from rescind.events.requests import RunnerRegister
from rescind.events.words import Handle, RunnerCapabilities
from tests.scenario import Scenario, given
from tests.words import (
    HANDLE,
    B,
    flow,
    granted,
    registered,
    runner,
    with_body,
    within,
)

__all__ = [
    "ABLE",
    "ANOTHER",
    "ELSEWHERE",
    "OF_ANOTHER",
    "SHARED",
    "able",
    "ends_in",
    "running",
    "teardown_in",
]

ABLE = RunnerCapabilities(can_tear_down=True)
SHARED = HANDLE.model_copy(update={"exclusive_to": None})
OF_ANOTHER = HANDLE.model_copy(update={"exclusive_to": "run-2"})
ELSEWHERE = HANDLE.model_copy(update={"scope": "engine:y"})
ANOTHER = HANDLE.model_copy(update={"identity": {"id": "c2"}})


def running(*others: RunnerRegister, handle: Handle = HANDLE, **more: Any) -> Scenario:
    """The body at one runner; `t1` and `t2` at one that can be ended from outside."""
    begun = given(runner, *others, within(handle), flow, with_body, **more)
    return begun.when(registered("t1", "t2"), granted("t1", "t2", by=B))


def able(runner_id: str, scope: str = HANDLE.scope) -> RunnerRegister:
    return RunnerRegister(runner_id=runner_id, scope=scope, capabilities=ABLE)


def teardown_in(story: Scenario) -> InfrastructureTeardown:
    events = [entry.event for entry in story.entries]
    return next(event for event in events if isinstance(event, InfrastructureTeardown))


def ends_in(story: Scenario) -> list[TaskCancelled | TaskFailed]:
    events = [entry.event for entry in story.entries]
    return [event for event in events if isinstance(event, TaskCancelled | TaskFailed)]
