"""What cannot have happened is not folded: guessing would write the guess into every replica."""

import pytest

from rescind.errors import NoTransitionError
from rescind.events.bulk import BulkTally, FlowPredicate
from rescind.events.journal import (
    Account,
    AnyEvent,
    BulkCompleted,
    BulkCounted,
    BulkCreated,
    BulkProgressed,
    BulkStarted,
    CancellationArmed,
    CancellationLapsed,
    Entry,
    FlowCancelled,
    FlowForgotten,
    FlowRegistered,
    FlowStarted,
    FlowSucceeded,
    RunnerLostRecorded,
    RunnerRegistered,
    StreamKind,
    TaskRegistered,
    TaskRetrying,
    TaskStarted,
    TaskSucceeded,
)
from rescind.events.words import Clocks, RunnerCapabilities, TaskKind
from rescind.statemachine.draft import Draft
from tests.bulks import (
    BULK,
    completed,
    counted,
    created,
    cursor,
    item,
    progress,
    running,
)
from tests.scenario import Step, given
from tests.words import (
    A,
    body_ended,
    cancel,
    ended,
    flow,
    granted,
    lost,
    registered,
    runner,
    started,
    with_body,
)
from tests.world import NOON_MS, RUN

REGISTERED = FlowRegistered(name="f", namespace="n", labels={}, clocks=Clocks())
T_REGISTERED = TaskRegistered(name="t", kind=TaskKind.TASK)
T_STARTED = TaskStarted(runner_id=A, valid_seconds=1)
RETRYING = TaskRetrying(runner_id=A, end="failed", retry_at=NOON_MS)
CANCELLED = FlowCancelled(cancellation_id="c", account=Account())
ARMED = CancellationArmed(cancellation_id="c", until=NOON_MS)
LAPSED = CancellationLapsed(cancellation_id="c")
RUNNER = RunnerRegistered(pool="p", scope="s", capabilities=RunnerCapabilities())
RUNNING = (runner, flow, with_body)
_STREAMS = {"runner": (StreamKind.RUNNER, A), "bulk": (StreamKind.BULK, BULK)}


def entry(event: AnyEvent, task_run_id: str | None = None) -> Entry:
    kind, stream_id = _STREAMS.get(event.type.partition(".")[0], (StreamKind.FLOW, RUN))
    return Entry(
        id="made-up",
        at_ms=NOON_MS,
        stream_kind=kind,
        stream_id=stream_id,
        event=event,
        task_run_id=task_run_id,
        attempt=1,
        version=99,
        source=None,
        cause="made-up",
        request_id=None,
        actor=None,
        traceparent=None,
    )


@pytest.mark.parametrize(
    "past, event, task_run_id",
    [
        ((), FlowStarted(runner_id=A), None),
        ((), FlowForgotten(), None),
        ((), T_REGISTERED, "t"),
        ((), LAPSED, None),
        ((cancel,), ARMED, None),
        ((cancel,), T_REGISTERED, "t"),
        ((flow,), REGISTERED, None),
        ((flow,), FlowSucceeded(), None),
        ((flow,), FlowForgotten(), None),
        ((flow,), ARMED, None),
        ((flow,), LAPSED, None),
        ((runner, flow, started), CANCELLED, None),
        ((runner, flow, started), FlowStarted(runner_id=A), None),
        (RUNNING, T_STARTED, "t"),
        (RUNNING, T_STARTED, "body"),
        (RUNNING, T_REGISTERED, "body"),
        ((*RUNNING, registered("t")), RETRYING, "t"),
        ((*RUNNING, registered("t"), granted("t"), ended("t")), TaskSucceeded(), "t"),
        ((*RUNNING, body_ended()), CANCELLED, None),
        ((*RUNNING, body_ended()), FlowSucceeded(), None),
        ((lost(),), RUNNER, None),
        ((lost(),), RunnerLostRecorded(), None),
        ((), BulkStarted(), None),
        ((created,), BulkCreated(where=FlowPredicate()), None),
        ((created,), BulkStarted(), None),
        ((created, counted()), BulkCounted(count=1), None),
        (completed, BulkCompleted(tally=BulkTally()), None),
        # Not from its cursor: some flow run would have two outcomes, or none.
        ((*running, progress(item("f1"))), BulkProgressed(items=(), cursor=cursor("f2")), None),
    ],
)
def test_an_impossible_event_raises_and_names_the_run_and_what_it_is(
    past: tuple[Step, ...], event: AnyEvent, task_run_id: str | None
) -> None:
    world = given(*past).world

    with pytest.raises(NoTransitionError) as raised:
        Draft(world.base).fold(entry(event, task_run_id))

    assert raised.value.event == event.type
    # A flow run of the same id as a bulk cancellation is not at fault.
    of_bulk = event.type.startswith("bulk.")
    named = f"@bulk/{BULK}" if of_bulk else A if event.type.startswith("runner.") else RUN
    assert raised.value.run_id.startswith(named)


def test_a_draft_that_met_one_leaves_the_committed_state_as_it_was() -> None:
    world = given(*RUNNING).world
    before = world.flow(), world.task("body")

    with pytest.raises(NoTransitionError):
        Draft(world.base).fold(entry(CANCELLED))

    assert (world.flow(), world.task("body")) == before
