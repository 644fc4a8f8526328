"""What the answer to a cancel means: for a person in a sentence, for a script as a code."""

import pytest

from rescind.asking.outcomes import is_answer
from rescind.cli.asking.answers import Answer, answer_of
from rescind.cli.exits import Exit
from rescind.events.states import FlowState
from rescind.events.words import End
from tests.scenario import Scenario, given
from tests.unit.cli.states import NOON, cancellation
from tests.unit.cli.states import flow as state
from tests.words import abort, cancel, finished, flow, granted, registered, runner, started

RUNNING = (runner, flow, started, registered("t"), granted("t"))


def answer(scenario: Scenario, known: FlowState | None = None) -> Answer:
    (entry,) = (entry for entry in scenario.entries if is_answer(entry))
    return answer_of(entry, known)


def test_a_running_run_is_being_cancelled() -> None:
    came = answer(given(*RUNNING).when(cancel))

    assert (came.outcome, came.exit) == ("cancelling", Exit.OK)
    assert "graceful, grace 30 s, deadline" in came.sentence


def test_a_run_that_has_not_begun_is_cancelled_at_once_whatever_was_swept() -> None:
    came = answer(given(runner, flow, registered("t1", "t2")).when(cancel))

    assert (came.outcome, came.exit) == ("cancelled", Exit.OK)


def test_an_id_that_nobody_knows_is_armed_and_armed_again() -> None:
    assert answer(given().when(cancel)).outcome == "armed"
    again = answer(given(cancel).when(cancel.model_copy(update={"request_id": "cancel-2"})))

    assert (again.outcome, again.exit) == ("armed", Exit.OK)
    assert "armed already" in again.sentence


def test_whoever_asks_second_succeeds_and_learns_who_was_first() -> None:
    second = given(*RUNNING, cancel).when(cancel.model_copy(update={"request_id": "cancel-2"}))
    known = state(state="Running.Cancelling", cancellation=cancellation())

    came = answer(second, known)

    assert (came.outcome, came.exit, came.code) == ("already_cancelling", Exit.OK, came.code)
    assert came.code == "already_cancelling"
    assert "ann@host asked first" in came.sentence
    assert "“wrong date”" in came.sentence


def test_an_abort_of_a_graceful_cancel_escalates_it() -> None:
    assert answer(given(*RUNNING, cancel).when(abort)).outcome == "escalated"


@pytest.mark.parametrize(
    "ended,code",
    [
        # What was wanted is the case, or it is not and cannot be any more.
        ("Finished.Cancelled", Exit.OK),
        ("Finished.Success", Exit.REFUSED),
        ("Finished.Failed.Crashed", Exit.REFUSED),
    ],
)
def test_a_run_that_has_ended_says_how(ended: str, code: Exit) -> None:
    scenario = given(runner, flow, started, finished(End.SUCCESS)).when(cancel)

    came = answer(scenario, state(state=ended, finished_at=NOON))

    assert (came.outcome, came.exit) == ("already_finished", code)
    assert f"is {ended} since " in came.sentence


def test_for_a_program_there_is_no_key_that_says_nothing() -> None:
    body = answer(given(*RUNNING).when(cancel)).to_dict()

    assert body["outcome"] == "cancelling"
    assert body["exit_code"] == 0
    assert body["request_id"] == "cancel-1"
    assert "first" not in body
