"""Whatever a request says is in its event, word for word, and in the state where it counts."""

from typing import Any, Final

import pytest

from rescind.events.journal import Entry
from rescind.events.requests import (
    CancellationAcknowledge,
    ExecutorReport,
    FlowFinish,
    FlowRegister,
    HeldAttempt,
    InfrastructureReport,
    RequestDenied,
    RunnerLeave,
    RunnerLost,
    RunnerRegister,
    Step,
    TaskCancel,
    TaskCleanup,
    TaskEnd,
    TaskFinish,
    TaskRegister,
    TaskSpec,
    TaskStopping,
)
from rescind.events.words import (
    Actor,
    Clocks,
    End,
    ErrorInfo,
    Evidence,
    Handle,
    How,
    Mode,
    ParentLink,
    Rung,
    RunnerCapabilities,
)
from tests.scenario import Scenario, given
from tests.words import (
    A,
    B,
    body_ended,
    cancel,
    flow,
    granted,
    other_runner,
    registered,
    runner,
    started,
    with_body,
)
from tests.world import NOON_MS, RUN

ERROR: Final = ErrorInfo(type="ValueError", message="no", traceback="line 1")
EVIDENCE: Final[Evidence] = {"pid": 7, "signals": ["SIGINT"]}
HANDLE: Final = Handle(kind="docker", scope="engine:x", identity={"id": "c1"}, exclusive_to=RUN)


def running() -> Scenario:
    return given(runner, other_runner, flow, with_body, registered("t1"), granted("t1"))


def said_in(entry: Entry) -> dict[str, Any]:
    return {name: value for name, value in entry.event if name != "type"}


def end_of(item: TaskEnd) -> TaskFinish:
    return TaskFinish(flow_run_id=RUN, runner_id=A, items=(item,))


def t1_ends(end: End, **more: Any) -> TaskFinish:
    return end_of(TaskEnd(task_run_id="t1", end=end, **more))


def test_a_registration() -> None:
    parent = ParentLink(flow_run_id="run-0", task_run_id="p1", ancestors=("run-00",))
    clocks = Clocks(
        acknowledge_seconds=1,
        grace_seconds=2,
        deadline_seconds=3,
        wait_seconds_max=4,
        abort_seconds=5,
    )
    said = FlowRegister(
        flow_run_id=RUN,
        name="nightly",
        namespace="etl",
        labels={"team": "a"},
        parent=parent,
        rerun_of="run-9",
        runner_id=A,
        clocks=clocks,
    )

    known = given(runner).when(said).world.flow()

    assert (known.name, known.namespace, known.labels) == ("nightly", "etl", {"team": "a"})
    assert (known.parent, known.rerun_of) == (parent, "run-9")
    assert (known.runner_id, known.clocks) == (A, clocks)
    assert (known.registered_ms, known.registered_id) == (NOON_MS, known.event_id)


def test_the_envelope_names_the_request_who_asked_and_the_trace() -> None:
    ada = Actor(kind="user", id="ada")
    asking = cancel.model_copy(update={"actor": ada, "traceparent": "00-1-2-01"})

    entry = running().when(asking).entries[0]

    assert (entry.request_id, entry.actor) == ("cancel-1", ada)
    assert entry.source is not None
    assert (entry.source.lane, entry.source.partition) == ("stop", 0)


def test_a_start() -> None:
    begun = given(runner, flow).when(with_body)

    assert said_in(begun.entries[0]) == {"runner_id": A, "body_task_run_id": "body"}
    assert begun.entries[1].attempt == begun.entries[2].attempt == 1
    world = begun.world
    assert (world.flow().body_id, world.flow().started_ms) == ("body", NOON_MS)
    assert world.task("body").started_ms == NOON_MS


def test_task_runs_that_are_registered() -> None:
    items = (TaskSpec(task_run_id="t1", name="load"),)
    said = TaskRegister(flow_run_id=RUN, runner_id=B, items=items)

    known = given(flow).when(said)

    event = said_in(known.entries[0])
    assert (event["name"], event["kind"], event["runner_id"]) == ("load", "task", B)
    assert known.world.task("t1").name == "load"


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


def test_the_terms_of_the_cancelling_of_one_task_run() -> None:
    said = TaskCancel(
        flow_run_id=RUN,
        task_run_id="t1",
        request_id="mine",
        reason="stuck",
        mode=Mode.GRACEFUL,
        grace_seconds=1,
        deadline_seconds=2,
    )

    asked = running().when(said)

    terms = asked.world.task("t1").cancellation
    assert terms is not None
    assert (terms.id, terms.event_id) == (asked.entries[0].id, asked.entries[0].id)
    assert (terms.request_id, terms.reason, terms.mode) == ("mine", "stuck", Mode.GRACEFUL)
    assert (terms.grace_seconds, terms.deadline_ms) == (1, NOON_MS + 2_000)
    assert (terms.asked_ms, terms.acknowledge_ms) == (NOON_MS, NOON_MS + 15_000)
    assert terms.wait_ms == NOON_MS + 86_400_000
    assert terms.told == (A,)


def test_an_escalation() -> None:
    said = cancel.model_copy(update={"request_id": "now", "mode": Mode.ABORT, "reason": "too slow"})

    asked = running().when(cancel, said)

    cancellation = asked.world.flow().cancellation
    assert cancellation is not None
    assert said_in(asked.entries[0]) == {
        "cancellation_id": cancellation.id,
        "reason": "too slow",
        "grace_seconds": 0,
        "deadline_at": NOON_MS + 30_000,
    }
    assert cancellation.repeats == (("now", asked.entries[0].id),)


def test_an_acknowledgement() -> None:
    asked = running().when(cancel)
    held = (HeldAttempt(task_run_id="t1", attempt=1, can_stop=False),)
    said = CancellationAcknowledge(
        flow_run_id=RUN,
        runner_id=A,
        cancellation_id=asked.entries[0].id,
        chunk=3,
        last=False,
        held=held,
    )

    asked.when(said)

    assert said_in(asked.entries[0]) == {
        "cancellation_id": said.cancellation_id,
        "runner_id": A,
        "chunk": 3,
        "last": False,
        "held": held,
    }


def test_a_rung_and_a_cleanup() -> None:
    rung = Step(
        task_run_id="t1",
        rung=Rung.KILL,
        after_ms=7,
        outcome="failed",
        message="no such process",
        evidence=EVIDENCE,
    )
    story = running().when(cancel)

    story.when(TaskStopping(flow_run_id=RUN, runner_id=A, items=(rung,)))
    assert said_in(story.entries[0]) == {
        "runner_id": A,
        "rung": Rung.KILL,
        "after_ms": 7,
        "outcome": "failed",
        "message": "no such process",
        "evidence": EVIDENCE,
    }
    assert (story.entries[0].task_run_id, story.entries[0].attempt) == ("t1", 1)
    story.when(
        TaskCleanup(
            flow_run_id=RUN,
            runner_id=A,
            task_run_id="t1",
            outcome="timed_out",
            after_ms=9,
            message="rm",
        )
    )
    assert said_in(story.entries[0]) == {
        "runner_id": A,
        "outcome": "timed_out",
        "after_ms": 9,
        "message": "rm",
    }


@pytest.mark.parametrize("outcome", ["failed", "warning"])
def test_what_an_executor_reports(outcome: str) -> None:
    said = ExecutorReport.model_validate(
        {
            "flow_run_id": RUN,
            "runner_id": A,
            "outcome": outcome,
            "executor": "dask",
            "message": "it raised",
        }
    )

    story = running().when(cancel, said)

    assert said_in(story.entries[0]) == {
        "runner_id": A,
        "executor": "dask",
        "message": "it raised",
    }


def test_a_teardown() -> None:
    said = InfrastructureReport(
        flow_run_id=RUN,
        runner_id=B,
        target_runner_id=A,
        outcome="failed",
        code="forbidden",
        message="no rights",
        handle=HANDLE,
        evidence=EVIDENCE,
    )

    story = running().when(cancel, said)

    assert said_in(story.entries[0]) == {
        "outcome": "failed",
        "target_runner_id": A,
        "runner_id": B,
        "handle": HANDLE,
        "code": "forbidden",
        "message": "no rights",
        "evidence": EVIDENCE,
    }


def test_a_runner() -> None:
    can = RunnerCapabilities(executor="process", can_interrupt=True, can_kill=True)
    said = RunnerRegister(
        runner_id=A, pool="etl", scope="host:x", capabilities=can, handle=HANDLE, partition=0
    )

    here = given().when(said).world.base.runners[A]
    assert (here.pool, here.scope, here.capabilities) == ("etl", "host:x", can)
    assert (here.handle, here.at_ms) == (HANDLE, NOON_MS)

    gone = given(said).when(RunnerLost(runner_id=A, reason="silent"))
    assert said_in(gone.entries[0]) == {"reason": "silent"}
    # What it was is still to be torn down.
    assert gone.world.base.runners[A].handle == HANDLE
    left = given(said).when(RunnerLeave(runner_id=A, reason="done"))
    assert said_in(left.entries[0]) == {"reason": "done"}


def test_who_was_turned_away() -> None:
    denied = RequestDenied(flow_run_id=RUN, asked="flow.cancel", permission="cancel")

    entry = running().when(denied).entries[0]

    assert said_in(entry) == {"asked": "flow.cancel", "permission": "cancel"}


def test_a_refusal_says_what_was_asked_and_what_was_expected() -> None:
    refused = running().when(granted("t1", by=B)).refusals()[0]

    assert refused.request_type == "task.start"
    assert refused.message.startswith("expected ")
    assert ", but " in refused.message
