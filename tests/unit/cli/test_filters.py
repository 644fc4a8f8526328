"""Which flow runs `ls` shows."""

import pytest

from rescind.cli.reading.filters import (
    BULK_STATES,
    FLOW_STATES,
    STUCK_AFTER_MS,
    TASK_STATES,
    Wanted,
    is_stuck,
    matches_state,
)
from rescind.events.words import ParentLink
from rescind.statemachine.machine import BULK, FLOW, TASK
from tests.unit.cli.states import NOON, cancellation, flow

CANCELLING = flow("c", "Running.Cancelling", cancellation=cancellation(), registered_at=NOON + 2)
FAILED = flow("f", "Finished.Failed.Crashed", labels={"team": "a"}, registered_at=NOON + 1)
RUNNING = flow(
    "r",
    namespace="etl",
    labels={"team": "a", "env": "test"},
    parent=ParentLink(flow_run_id="c", task_run_id="t"),
)
ALL = [RUNNING, CANCELLING, FAILED]

DUE = NOON + 301_000 + STUCK_AFTER_MS


@pytest.mark.parametrize(
    "state,wanted,is_it",
    [
        ("Running.Cancelling", "running", True),
        ("Running.Cancelling", "cancelling", True),
        ("Running.Cancelling", "Running.Cancelling", True),
        ("Running", "cancelling", False),
        ("Finished.Failed.Crashed", "failed", True),
        ("Finished.Failed.Crashed", "finished.crashed", False),
        ("Finished.Cancelled", "cancel", False),
    ],
)
def test_a_state_is_also_what_it_lies_in(state: str, wanted: str, *, is_it: bool) -> None:
    assert matches_state(state, wanted) is is_it


@pytest.mark.parametrize(
    "wanted,ids",
    [
        (Wanted(), ["c", "f", "r"]),
        (Wanted(states=("running",)), ["c", "r"]),
        (Wanted(states=("failed", "cancelling")), ["c", "f"]),
        (Wanted(labels={"team": "a"}), ["f", "r"]),
        (Wanted(labels={"team": "a", "env": "test"}), ["r"]),
        (Wanted(namespace="etl"), ["r"]),
        (Wanted(stuck=True), []),
        (Wanted(name="nightly", parent="c"), ["r"]),
        (Wanted(name="night"), []),
        (Wanted(text="IGHT", states=("failed",)), ["f"]),
        (Wanted(text="R"), ["r"]),
        (Wanted(since_ms=NOON + 1), ["c", "f"]),
        (Wanted(since_ms=NOON + 1, before_ms=NOON + 2), ["f"]),
        (Wanted(unconfirmed={"f"}), ["f"]),
        (Wanted(unconfirmed=()), []),
    ],
    ids=str,
)
def test_all_that_is_asked_has_to_hold_and_the_latest_comes_first(
    wanted: Wanted, ids: list[str]
) -> None:
    assert [run.flow_run_id for run in wanted.choose(ALL, NOON + 2_000)] == ids


def test_a_cancellation_is_stuck_once_its_deadline_is_over() -> None:
    assert not is_stuck(CANCELLING, DUE)
    assert is_stuck(CANCELLING, DUE + 1)


def test_what_has_ended_is_not_stuck_however_late_it_was() -> None:
    ended = flow("f", "Finished.Cancelled", cancellation=cancellation())

    assert not is_stuck(ended, DUE + 1)


def test_a_quarantined_run_is_stuck() -> None:
    assert is_stuck(flow(quarantined=True), NOON)


def test_the_states_that_can_be_asked_for_are_the_machine_s() -> None:
    assert set(FLOW_STATES) == set(FLOW.states())
    assert set(TASK_STATES) == set(TASK.states())
    assert set(BULK_STATES) == set(BULK.states())
