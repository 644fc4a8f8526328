"""Whatever a request says is in its event, word for word, and in the state where it counts."""

from typing import Any

import pytest

from rescind.events.requests import (
    CancellationAcknowledge,
    Clock,
    ExecutorReport,
    FlowRegister,
    HeldAttempt,
    RequestDenied,
    RunnerLeave,
    RunnerLost,
    RunnerRegister,
    Step,
    TaskCleanup,
    TaskRegister,
    TaskSpec,
    TaskStopping,
)
from rescind.events.words import (
    Actor,
    Clocks,
    Mode,
    ParentLink,
    Rung,
    RunnerCapabilities,
)
from tests.scenario import given, later
from tests.unit.statemachine.keeping.keeping import EVIDENCE, running, said_in
from tests.words import (
    HANDLE,
    A,
    B,
    C,
    cancel,
    flow,
    granted,
    lost,
    outside,
    runner,
    strikes,
    torn_down,
    with_body,
    within,
)
from tests.world import NOON_MS, RUN


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
    assert entry.traceparent == "00-1-2-01"
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
    story = running().when(within(HANDLE, A), outside, cancel, lost())

    assert said_in(story.entries[1]) == {
        "outcome": "asked",
        "target_runner_id": A,
        "runner_id": C,
        "handle": HANDLE,
        "cancellation_id": "stop-0-0-0",
        "grace_seconds": 30.0,
        "again_at": NOON_MS + 15_000,
        "until": NOON_MS + 300_000,
        "code": "",
        "message": "",
        "evidence": {},
    }


def test_what_is_reported_of_a_teardown() -> None:
    story = running().when(within(HANDLE, A), outside, cancel, lost())

    said: dict[str, Any] = {"code": "forbidden", "message": "no rights", "evidence": EVIDENCE}
    story.when(torn_down("failed", of=A, cancellation_id="stop-0-0-0", **said))

    assert said_in(story.entries[0]) == {
        "outcome": "failed",
        "target_runner_id": A,
        "runner_id": C,
        "handle": HANDLE,
        "cancellation_id": "stop-0-0-0",
        "grace_seconds": 0.0,
        "again_at": None,
        "until": None,
        **said,
    }


def test_a_teardown_that_is_given_up() -> None:
    story = running().when(within(HANDLE, A), cancel, lost())

    story.when(later(300), strikes(Clock.TEARDOWN))

    assert said_in(story.entries[0]) == {
        "outcome": "given_up",
        "target_runner_id": A,
        "runner_id": None,
        "handle": HANDLE,
        "cancellation_id": "stop-0-0-0",
        "grace_seconds": 0.0,
        "again_at": None,
        "until": None,
        "code": "",
        "message": "no living runner ends what is in engine:x",
        "evidence": {},
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
