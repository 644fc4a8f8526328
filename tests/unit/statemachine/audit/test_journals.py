"""What is wrong with the events of a journal is found, and by its name."""

import pytest

from rescind.events.journal import (
    Entry,
    FlowFailed,
    TaskCancelled,
    TaskFailed,
    TaskRetrying,
    TaskStarted,
    TaskStoppingReported,
)
from rescind.events.refusals import Code
from rescind.events.requests import Clock, FlowRegister
from rescind.events.words import CascadePolicy, How, ParentLink, Rung
from rescind.statemachine.audit import FindingCode
from tests.scenario import given
from tests.unit.statemachine.audit.story import (
    audit,
    codes,
    edited,
    index_of,
    story,
)
from tests.words import (
    A,
    body_ended,
    cancel,
    child,
    child_finished,
    ended,
    flow,
    granted,
    lost,
    registered,
    runner,
    strikes,
    with_body,
)
from tests.world import NOON_MS, RUN, World


def refusal(journal: list[Entry]) -> int:
    return index_of(journal, "request.refused", code=Code.UNKNOWN_TASK)


@pytest.fixture(scope="module")
def journal() -> list[Entry]:
    return story().journal


def without(journal: list[Entry], *indexes: int) -> list[Entry]:
    return [entry for index, entry in enumerate(journal) if index not in indexes]


def began(journal: list[Entry], stream_id: str) -> str:
    """The id of the event that a flow run began with."""
    return journal[index_of(journal, "flow.registered", stream_id=stream_id)].id


def derived_after(journal: list[Entry], entry: Entry, event: object, **more: object) -> Entry:
    """One more entry of the same stream, that nobody asked for."""
    version = (entry.version or 0) + 1
    made = entry._replace(
        id=f"{began(journal, entry.stream_id)}@{version}",
        version=version,
        source=None,
        cause=entry.id,
        request_id=None,
        event=event,  # type: ignore[arg-type]
    )
    return made._replace(**more)  # type: ignore[arg-type]


def test_a_second_end_of_a_flow_run_is_found(journal: list[Entry]) -> None:
    end = journal[index_of(journal, "flow.cancelled", stream_id=RUN)]
    second = derived_after(journal, end, FlowFailed(end="crashed"), at_ms=journal[-1].at_ms)

    assert codes(audit([*journal, second])) == [FindingCode.AFTER_END]


def test_a_second_end_of_an_attempt_is_found(journal: list[Entry]) -> None:
    last = [entry for entry in journal if entry.stream_id == "work" and entry.version][-1]
    second = derived_after(
        journal,
        last,
        TaskFailed(end="failed", runner_id=A),
        task_run_id="w1",
        attempt=1,
        at_ms=journal[-1].at_ms,
    )

    assert codes(audit([*journal, second])) == [FindingCode.AFTER_END]


def test_an_event_of_a_task_run_after_the_end_of_its_flow_run_is_found(
    journal: list[Entry],
) -> None:
    end = journal[index_of(journal, "flow.cancelled", stream_id=RUN)]
    later = derived_after(
        journal,
        end,
        TaskStarted(runner_id=A, valid_seconds=1),
        task_run_id="t3",
        attempt=1,
        at_ms=journal[-1].at_ms,
    )

    assert codes(audit([*journal, later])) == [FindingCode.AFTER_END]


def test_an_event_without_an_edge_is_found_once(journal: list[Entry]) -> None:
    granted_w1 = index_of(journal, "task.started", stream_id="work")
    impossible = TaskRetrying(runner_id=A, end="failed", retry_at=NOON_MS)

    found = audit(edited(journal, granted_w1, event=impossible))

    assert codes(found) == [FindingCode.IMPOSSIBLE_EVENT]
    assert "'Pending'" in found[0].message


def test_a_start_after_a_cancel_is_found() -> None:
    world = given(runner, flow, with_body, registered("t1", "t2"), granted("t1"), cancel).world
    never = index_of(world.journal, "task.cancelled", task_run_id="t2")
    start = TaskStarted(runner_id=A, valid_seconds=1)

    found = audit(edited(world.journal, never, event=start))

    assert codes(found) == [FindingCode.STARTED_WHILE_CANCELLING]


def test_an_end_with_open_work_is_found(journal: list[Entry]) -> None:
    last_end = index_of(journal, "task.cancelled", task_run_id="t1", stream_id=RUN)
    rung = TaskStoppingReported(runner_id=A, rung=Rung.KILL, after_ms=1, outcome="done")

    found = audit(edited(journal, last_end, event=rung))

    assert codes(found) == [FindingCode.ENDED_WITH_OPEN_WORK]


def test_an_end_that_did_not_follow_is_found_when_the_next_request_begins(
    journal: list[Entry],
) -> None:
    end = index_of(journal, "flow.cancelled", stream_id=RUN)

    found = audit(without(journal, end))

    assert codes(found)[0] is FindingCode.NOT_SETTLED
    assert journal[end - 1].id in found[0].where


def test_an_end_that_did_not_follow_is_found_at_the_end_of_the_journal() -> None:
    world = given(runner, flow, with_body, cancel, ended("body")).world

    assert codes(audit(world.journal[:-1])) == [FindingCode.NOT_SETTLED]


def asked(journal: list[Entry]) -> int:
    return index_of(journal, "flow.cancelling", stream_id=RUN)


def test_a_missing_event_is_found(journal: list[Entry]) -> None:
    sent = index_of(journal, "cancellation.sent", cause=journal[asked(journal)].id)

    assert codes(audit(without(journal, sent))) == [FindingCode.VERSION_GAP]


def test_an_event_that_is_there_twice_is_found(journal: list[Entry]) -> None:
    index = index_of(journal, "flow.cancelled", stream_id=RUN)
    again = [*journal[: index + 1], journal[index], *journal[index + 1 :]]

    assert codes(audit(again)) == [FindingCode.VERSION_REPEATED]


@pytest.mark.parametrize(
    "changes", [{"id": "made-up"}, {"cause": "stop-0-0-0"}, {"at_ms": NOON_MS - 1}]
)
def test_an_envelope_that_cannot_be_is_found(
    journal: list[Entry], changes: dict[str, object]
) -> None:
    found = audit(edited(journal, refusal(journal), **changes))

    assert codes(found) == [FindingCode.WRONG_ENVELOPE]


def test_an_id_that_is_not_of_this_life_of_its_stream_is_found(journal: list[Entry]) -> None:
    end = index_of(journal, "flow.cancelled", stream_id=RUN)
    version = journal[end].version

    found = audit(edited(journal, end, id=f"start-0-999-0@{version}"))

    assert codes(found) == [FindingCode.WRONG_ENVELOPE]


def test_work_whose_runner_is_gone_and_that_no_clock_ends_is_found() -> None:
    world = given(runner, flow, with_body, registered("t1"), granted("t1")).world
    before = len(world.journal)
    world.ask(lost())

    found = audit(world.journal[: before + 1])

    assert set(codes(found)) == {FindingCode.NOT_OWNED}
    assert {finding.where for finding in found} == {
        f"flow run {RUN!r}",
        f"task run {RUN}/body",
        f"task run {RUN}/t1",
    }


def test_a_flow_run_that_all_of_its_clocks_have_left_is_found() -> None:
    world = given(runner, flow, with_body, cancel).world
    given_up = given(runner, flow, with_body, cancel, strikes(Clock.WAIT_SECONDS_MAX)).world
    ends = len(given_up.journal)
    fired = index_of(given_up.journal, "cancellation.clock_fired")
    both = derived_after(
        given_up.journal,
        given_up.journal[fired],
        given_up.journal[fired].event.model_copy(update={"clock": Clock.DEADLINE}),
    )

    assert audit(world.journal) == []
    found = audit([*given_up.journal[: fired + 1], both])
    assert ends > fired + 1
    assert codes(found) == [FindingCode.NOT_OWNED]


def test_a_pending_flow_run_without_an_owner_waits_for_one() -> None:
    assert audit(given(flow, registered("t1")).world.journal) == []


def test_a_child_that_was_not_told_of_its_parents_cancel_is_found() -> None:
    world = given(runner, flow, with_body, child(), granted("t"), cancel).world
    found = audit(world.journal)

    assert [(f.code, f.where) for f in found] == [
        (FindingCode.NOT_OWNED, f"task run {RUN}/t"),
    ]
    world.send_errands()
    assert audit(world.journal) == []


def test_a_parent_that_was_not_told_of_the_end_of_a_child_is_found() -> None:
    below = FlowRegister(flow_run_id=RUN, parent=ParentLink(flow_run_id="p", task_run_id="c"))
    world = given(runner, below, with_body, body_ended()).world
    found = audit(world.journal)

    assert codes(found) == [FindingCode.NOT_OWNED]
    assert "'p' to have been told" in found[0].message
    world.send_errands()
    assert audit(world.journal) == []


def test_a_child_that_outlives_its_parent_and_its_end_are_nothing_wrong() -> None:
    none = child(cascade=CascadePolicy.NONE)
    begun = given(runner, flow, with_body, none, granted("t"), body_ended(), World.sweep_all)
    world = begun.world

    assert audit(world.journal, world.written.topics()) == []
    begun.when(child_finished(), World.sweep_all)
    assert audit(world.journal, world.written.topics()) == []


def test_nothing_but_the_end_of_a_child_may_change_its_line_after_its_parents_end() -> None:
    none = child(cascade=CascadePolicy.NONE)
    begun = given(runner, flow, with_body, none, granted("t"), body_ended(), child_finished())
    journal = begun.world.journal
    at = index_of(journal, "child.finished", task_run_id="t")
    cancelled = TaskCancelled(how=How.DEADLINE, stopped_confirmed=False)

    found = audit(edited(journal, at, event=cancelled))

    assert codes(found) == [FindingCode.AFTER_END]
