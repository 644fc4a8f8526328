"""What the public records say: every field, also when it stands alone, and nothing empty."""

from typing import Any, Final

import orjson
import pytest

from rescind.events import levels
from rescind.events.journal import Account
from rescind.events.moments import moment_to_text
from rescind.events.states import FlowState, TaskState
from rescind.events.words import (
    Actor,
    CascadePolicy,
    End,
    ErrorInfo,
    How,
    Mode,
    ParentLink,
)
from rescind.statemachine.records import open_record, public_flow, public_task, read_open
from rescind.statemachine.runs import Cancellation, ChildLine
from tests.scenario import given
from tests.words import flow, registered
from tests.world import NOON_MS, RUN

NOON: Final = moment_to_text(NOON_MS)
CANCELLATION: Final = Cancellation(
    id="stop-0-1-0",
    event_id="stop-0-1-0",
    request_id="mine",
    actor=Actor(kind="user", id="ada"),
    reason="wrong",
    mode=Mode.ABORT,
    named_end="crashed",
    asked_ms=NOON_MS,
    grace_seconds=1.5,
    acknowledge_ms=NOON_MS + 1,
    deadline_ms=NOON_MS + 2,
    wait_ms=NOON_MS + 3,
    cascade=CascadePolicy.REQUEST,
    bulk_id="bulk-1",
    told=("a", "b"),
    acknowledged=("a",),
    deadline_fired="stop-0-2-0",
    wait_fired="stop-0-3-0",
    repeats=(("now", "stop-0-4-0"),),
    account=Account(cancelled=1, took_ms=5),
)
SHOWN: Final = {
    "cancellation_id": "stop-0-1-0",
    "actor": {"kind": "user", "id": "ada", "verified": False},
    "reason": "wrong",
    "mode": "abort",
    "asked_at": NOON,
    "grace_seconds": 1.5,
    "deadline_at": moment_to_text(NOON_MS + 2),
    "wait_until": moment_to_text(NOON_MS + 3),
    "told": ["a", "b"],
    "acknowledged": ["a"],
    "bulk_id": "bulk-1",
    "named_end": "crashed",
    "account": Account(cancelled=1, took_ms=5).model_dump(),
}
ERROR: Final = ErrorInfo(type="ValueError", message="no")
ERROR_SHOWN: Final = {"type": "ValueError", "message": "no"}

OF_TASKS: Final[list[tuple[str, Any, str, Any]]] = [
    ("runner_id", "a", "runner_id", "a"),
    ("started_ms", NOON_MS, "started_at", NOON),
    ("finished_ms", NOON_MS, "finished_at", NOON),
    ("retry_ms", NOON_MS, "retry_at", NOON),
    ("how", How.FORCED, "how", "forced"),
    ("stopped_confirmed", False, "stopped_confirmed", False),
    ("error", ERROR, "error", ERROR_SHOWN),
    ("result_ref", "s3://r", "result_ref", "s3://r"),
    ("evidence", {"pid": 1}, "evidence", {"pid": 1}),
    ("cancellation", CANCELLATION, "cancellation", SHOWN),
]
OF_FLOWS: Final[list[tuple[str, Any, str, Any]]] = [
    ("runner_id", "a", "runner_id", "a"),
    (
        "parent",
        ParentLink(flow_run_id="p", task_run_id="t"),
        "parent",
        {"flow_run_id": "p", "task_run_id": "t", "ancestors": []},
    ),
    ("rerun_of", "run-0", "rerun_of", "run-0"),
    ("started_ms", NOON_MS, "started_at", NOON),
    ("finished_ms", NOON_MS, "finished_at", NOON),
    ("cancellation", CANCELLATION, "cancellation", SHOWN),
    ("body_end", End.FAILED, "body_end", "failed"),
    ("result_ref", "s3://r", "result_ref", "s3://r"),
    ("error", ERROR, "error", ERROR_SHOWN),
    ("quarantined", True, "quarantined", True),
]


@pytest.mark.parametrize("field, value, name, shown", OF_TASKS, ids=lambda value: str(value)[:20])
def test_a_task_runs_record_says_every_field_also_alone(
    field: str, value: object, name: str, shown: object
) -> None:
    plain = given(flow, registered("t")).world.task("t")
    task = plain._replace(**{field: value})  # type: ignore[arg-type]

    said = orjson.loads(public_task(task))

    assert said == {**orjson.loads(public_task(plain)), name: shown}
    assert TaskState.model_validate_json(public_task(task)).version == 2


def test_a_childs_record_says_which_flow_run_it_is_and_by_which_policy() -> None:
    plain = given(flow, registered("t")).world.task("t")
    task = plain._replace(child=ChildLine("run-2", CascadePolicy.NONE))

    shown = {"child_flow_run_id": "run-2", "cascade": "none"}

    assert orjson.loads(public_task(task)) == {**orjson.loads(public_task(plain)), **shown}
    assert read_open(open_record(task, levels.NEWEST)) == task
    assert read_open(open_record(task, levels.NEWEST)) == task


@pytest.mark.parametrize("field, value, name, shown", OF_FLOWS, ids=lambda value: str(value)[:20])
def test_a_flow_runs_record_says_every_field_also_alone(
    field: str, value: object, name: str, shown: object
) -> None:
    plain = given(flow).world.flow()
    changed = plain._replace(**{field: value})  # type: ignore[arg-type]

    said = orjson.loads(public_flow(changed))

    assert said == {**orjson.loads(public_flow(plain)), name: shown}
    assert FlowState.model_validate_json(public_flow(changed)).version == 1
    assert read_open(open_record(changed, levels.NEWEST)) == changed


def test_a_plain_task_run_says_what_it_is_and_nothing_more() -> None:
    task = given(flow, registered("t")).world.task("t")

    assert orjson.loads(public_task(task)) == {
        "schema": 1,
        "flow_run_id": RUN,
        "task_run_id": "t",
        "name": "task",
        "kind": "task",
        "state": "Pending",
        "state_path": ["Pending"],
        "is_running": False,
        "is_finished": False,
        "version": 2,
        "last_event_id": task.event_id,
        "attempt": 1,
        "registered_at": NOON,
    }


def test_a_plain_flow_run_says_what_it_is_and_nothing_more() -> None:
    known = given(flow).world.flow()

    assert orjson.loads(public_flow(known)) == {
        "schema": 1,
        "flow_run_id": RUN,
        "state": "Pending",
        "state_path": ["Pending"],
        "is_running": False,
        "is_cancelling": False,
        "is_finished": False,
        "version": 1,
        "last_event_id": known.event_id,
        "name": "flow",
        "namespace": "default",
        "labels": {},
        "registered_at": NOON,
        "quarantined": False,
    }
