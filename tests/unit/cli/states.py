"""States of runs as the topics have them, with what a test wants to be different."""

from typing import Any

from rescind.events.states import CancellationState, FlowState, TaskState
from rescind.events.words import Actor, Mode, TaskKind

NOON = 1_795_348_800_000

ANN = Actor(kind="user", id="ann@host", verified=True)


def flow(flow_run_id: str = "f", state: str = "Running", **more: Any) -> FlowState:
    given: dict[str, Any] = {
        "state": state,
        "state_path": tuple(state.split(".")),
        "is_finished": state.startswith("Finished"),
        "is_running": state.startswith("Running"),
        "is_cancelling": state == "Running.Cancelling",
        "version": 1,
        "last_event_id": "start-0-0-0",
        "flow_run_id": flow_run_id,
        "name": "nightly",
        "namespace": "default",
        "labels": {},
        "registered_at": NOON,
    }
    return FlowState(**(given | more))


def cancellation(**more: Any) -> CancellationState:
    given: dict[str, Any] = {
        "cancellation_id": "stop-0-7-0",
        "actor": ANN,
        "reason": "wrong date",
        "mode": Mode.GRACEFUL,
        "asked_at": NOON + 1_000,
        "grace_seconds": 30.0,
        "deadline_at": NOON + 301_000,
        "wait_until": NOON + 86_401_000,
    }
    return CancellationState(**(given | more))


def task(task_run_id: str = "t", state: str = "Running", **more: Any) -> TaskState:
    given: dict[str, Any] = {
        "state": state,
        "state_path": tuple(state.split(".")),
        "is_finished": state.startswith("Finished"),
        "is_running": state.startswith("Running"),
        "version": 1,
        "last_event_id": "start-0-1-0",
        "flow_run_id": "f",
        "task_run_id": task_run_id,
        "name": "task",
        "kind": TaskKind.TASK,
        "attempt": 1,
        "registered_at": NOON,
    }
    return TaskState(**(given | more))
