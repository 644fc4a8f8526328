"""What a report of an end says is in its event, word for word, and in the state."""

from typing import Any

from rescind.events.requests import FlowFinish, TaskEnd, TaskFinish
from rescind.events.words import End, How
from tests.scenario import given
from tests.unit.statemachine.keeping.keeping import ERROR, EVIDENCE, running, said_in
from tests.words import (
    A,
    B,
    body_ended,
    cancel,
    flow,
    granted,
    registered,
    runner,
    started,
    with_body,
)
from tests.world import NOON_MS, RUN


def end_of(item: TaskEnd) -> TaskFinish:
    return TaskFinish(flow_run_id=RUN, runner_id=A, items=(item,))


def t1_ends(end: End, **more: Any) -> TaskFinish:
    return end_of(TaskEnd(task_run_id="t1", end=end, **more))


def test_a_success() -> None:
    over = running().when(t1_ends(End.SUCCESS, result_ref="s3://r"))

    assert said_in(over.entries[0]) == {"runner_id": A, "result_ref": "s3://r"}
    task = over.world.task("t1")
    assert (task.result_ref, task.finished_ms) == ("s3://r", NOON_MS)


def test_a_failure() -> None:
    over = running().when(
        t1_ends(End.TIMED_OUT, error=ERROR, stopped_confirmed=False, evidence=EVIDENCE)
    )

    assert said_in(over.entries[0]) == {
        "end": "timed_out",
        "runner_id": A,
        "stopped_confirmed": False,
        "error": ERROR,
        "evidence": EVIDENCE,
    }
    task = over.world.task("t1")
    assert (task.error, task.evidence, task.stopped_confirmed) == (ERROR, EVIDENCE, False)


def test_a_retry() -> None:
    waiting = running().when(t1_ends(End.CRASHED, error=ERROR, retry_at=NOON_MS + 5))

    assert said_in(waiting.entries[0]) == {
        "runner_id": A,
        "end": "crashed",
        "retry_at": NOON_MS + 5,
        "error": ERROR,
    }
    assert waiting.world.task("t1").error == ERROR


def test_a_cancelled_end() -> None:
    over = running().when(
        cancel,
        t1_ends(
            End.CANCELLED, how=How.FORCED, error=ERROR, stopped_confirmed=False, evidence=EVIDENCE
        ),
    )

    assert said_in(over.entries[0]) == {
        "how": How.FORCED,
        "stopped_confirmed": False,
        "runner_id": A,
        "error": ERROR,
        "evidence": EVIDENCE,
        "terms": None,
    }
    task = over.world.task("t1")
    assert (task.how, task.error, task.evidence) == (How.FORCED, ERROR, EVIDENCE)
    assert (task.stopped_confirmed, task.finished_ms) == (False, NOON_MS)


def test_a_late_report() -> None:
    late = t1_ends(
        End.CANCELLED, how=How.FORCED, error=ERROR, result_ref="s3://r", evidence=EVIDENCE
    )

    over = running().when(t1_ends(End.SUCCESS), late)

    assert said_in(over.entries[0]) == {
        "runner_id": A,
        "end": End.CANCELLED,
        "how": How.FORCED,
        "result_ref": "s3://r",
        "error": ERROR,
        "evidence": EVIDENCE,
    }
    assert over.entries[0].attempt == 1


def test_the_end_of_a_flow_run() -> None:
    over = given(runner, flow, with_body).when(body_ended(End.FAILED, error=ERROR))
    assert said_in(over.entries[1]) == {"end": "failed", "error": ERROR, "account": None}
    assert (over.world.flow().error, over.world.flow().finished_ms) == (ERROR, NOON_MS)

    well = given(runner, flow, with_body).when(body_ended(result_ref="s3://r"))
    assert said_in(well.entries[1]) == {"result_ref": "s3://r"}
    assert (well.world.flow().result_ref, well.world.flow().end) == ("s3://r", End.SUCCESS)
    assert well.world.flow().finished_ms == NOON_MS


def test_the_proposed_end_of_a_flow_run_that_is_cancelling() -> None:
    said = FlowFinish(
        flow_run_id=RUN, runner_id=A, end=End.FAILED, error=ERROR, result_ref="s3://r"
    )
    kept = {"end": End.FAILED, "result_ref": "s3://r", "error": ERROR}
    over = given(runner, flow, started, registered("t1"), granted("t1"), cancel)

    over.when(said)
    assert said_in(over.entries[0]) == kept
    state = over.world.flow()
    assert (state.body_end, state.result_ref, state.error) == (End.FAILED, "s3://r", ERROR)

    of_body = running().when(cancel, body_ended(End.FAILED, error=ERROR, result_ref="s3://r"))
    assert said_in(of_body.entries[1]) == kept


def test_a_late_report_of_a_flow_run() -> None:
    said = FlowFinish(
        flow_run_id=RUN,
        runner_id=B,
        end=End.FAILED,
        error=ERROR,
        result_ref="s3://r",
        evidence=EVIDENCE,
    )

    over = given(runner, flow, started, cancel).when(said)

    assert said_in(over.entries[0]) == {
        "runner_id": B,
        "end": End.FAILED,
        "result_ref": "s3://r",
        "error": ERROR,
        "evidence": EVIDENCE,
    }
