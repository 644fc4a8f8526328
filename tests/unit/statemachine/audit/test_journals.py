"""What is wrong with a journal is found, and by its name."""

import pytest

from rescind.events.journal import (
    Entry,
    FlowFailed,
    RequestRefused,
    RequestsLost,
    Source,
    StreamKind,
    TaskFailed,
    TaskRetrying,
    TaskStarted,
    TaskStoppingReported,
)
from rescind.events.refusals import Code
from rescind.events.requests import Clock
from rescind.events.words import End, Rung
from rescind.statemachine.audit import Auditor, FindingCode, invariant_of
from rescind.statemachine.audit.findings import FINDINGS_MAX
from tests.scenario import given, told
from tests.unit.statemachine.audit.story import (
    audit,
    codes,
    edited,
    index_of,
    reached_by,
    story,
)
from tests.words import (
    A,
    B,
    body_ended,
    cancel,
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


@pytest.fixture(scope="module")
def journal() -> list[Entry]:
    return story().journal


def without(journal: list[Entry], *indexes: int) -> list[Entry]:
    return [entry for index, entry in enumerate(journal) if index not in indexes]


def derived_after(entry: Entry, event: object, **more: object) -> Entry:
    """One more entry of the same stream, that nobody asked for."""
    version = (entry.version or 0) + 1
    made = entry._replace(
        id=f"{entry.stream_id}@{version}",
        version=version,
        source=None,
        cause=entry.id,
        request_id=None,
        event=event,  # type: ignore[arg-type]
    )
    return made._replace(**more)  # type: ignore[arg-type]


def test_a_good_journal_has_nothing_wrong_with_it(journal: list[Entry]) -> None:
    world = story()

    assert audit(journal) == []
    assert audit(world.journal, world.written.topics()) == []


def test_the_story_has_something_of_everything(journal: list[Entry]) -> None:
    kinds = {line.split(" ")[0] for line in told(journal)}

    assert len(kinds) > 20


def test_a_journal_that_was_written_and_read_is_as_good(journal: list[Entry]) -> None:
    assert [Entry.from_json(entry.to_json()) for entry in journal] == journal


# 1


def test_a_second_end_of_a_flow_run_is_found(journal: list[Entry]) -> None:
    end = journal[index_of(journal, "flow.cancelled", stream_id=RUN)]
    second = derived_after(end, FlowFailed(end="crashed"), at_ms=journal[-1].at_ms)

    assert codes(audit([*journal, second])) == [FindingCode.AFTER_END]


def test_a_second_end_of_an_attempt_is_found(journal: list[Entry]) -> None:
    last = [entry for entry in journal if entry.stream_id == "work" and entry.version][-1]
    second = derived_after(
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


# 2


def test_a_start_after_a_cancel_is_found() -> None:
    world = given(runner, flow, with_body, registered("t1", "t2"), granted("t1"), cancel).world
    never = index_of(world.journal, "task.cancelled", task_run_id="t2")
    start = TaskStarted(runner_id=A, valid_seconds=1)

    found = audit(edited(world.journal, never, event=start))

    assert codes(found) == [FindingCode.STARTED_WHILE_CANCELLING]


# 3


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


# 4


def refusal(journal: list[Entry]) -> int:
    return index_of(journal, "request.refused", code=Code.UNKNOWN_TASK)


def test_a_missing_outcome_is_found(journal: list[Entry]) -> None:
    found = audit(without(journal, refusal(journal)))

    assert codes(found) == [FindingCode.CHAIN_BROKEN]


def test_a_missing_outcome_at_the_very_end_is_found_by_the_services_position(
    journal: list[Entry],
) -> None:
    auditor = Auditor(0)
    for offset, entry in enumerate(journal[:-1]):
        auditor.see(offset, entry)
    source = journal[-1].source
    assert source is not None
    auditor.must_reach(source.lane, source.previous)
    assert auditor.findings() == []

    auditor.must_reach(source.lane, source.offset)

    assert codes(auditor.findings()) == [FindingCode.CHAIN_BROKEN]


def test_a_second_outcome_is_found_and_counts_only_once(journal: list[Entry]) -> None:
    for index in (refusal(journal), index_of(journal, "task.succeeded", task_run_id="w1")):
        again = [*journal[: index + 1], journal[index], *journal[index + 1 :]]

        assert codes(audit(again)) == [FindingCode.OUTCOME_REPEATED]


def test_a_missing_item_of_an_outcome_is_found(journal: list[Entry]) -> None:
    of_four = [
        index
        for index, entry in enumerate(journal)
        if entry.source is not None and entry.source.of == 4
    ]
    assert isinstance(journal[of_four[-1]].event, RequestRefused)

    found = audit(without(journal, of_four[-1]))

    assert codes(found) == [FindingCode.OUTCOME_INCOMPLETE]


def test_an_outcome_whose_items_are_out_of_order_is_found() -> None:
    world = given(flow, registered("t1", "t1", "t1")).world
    *rest, second, third = world.journal

    found = audit([*rest, third, second])

    assert codes(found) == [FindingCode.OUTCOME_INCOMPLETE, FindingCode.OUTCOME_REPEATED]


def test_an_outcome_torn_apart_is_found() -> None:
    world = given(flow, registered("t1", "t2"), lost(B)).world
    first, second, other = world.journal[-3:]

    found = audit([*world.journal[:-3], first, other, second])

    assert FindingCode.OUTCOME_INCOMPLETE in codes(found)


def test_an_outcome_that_the_journal_breaks_off_in_is_found() -> None:
    world = given(flow, registered("t1", "t1")).world

    assert codes(audit(world.journal[:-1])) == [FindingCode.OUTCOME_INCOMPLETE]


def test_outcomes_in_the_wrong_order_are_found() -> None:
    world = given(flow, granted("t1"), granted("t2")).world
    first, second = world.journal[-2:]

    found = audit([*world.journal[:-2], second, first])

    assert codes(found) == [FindingCode.CHAIN_BROKEN, FindingCode.OUTCOME_REPEATED]


def test_requests_that_retention_took_are_told_loudly(journal: list[Entry]) -> None:
    last = reached_by(journal)["stop"]
    gone = Source("stop", 0, last + 9, last, 0, 1)
    said = journal[-1]._replace(
        id=f"stop-0-{gone.offset}-0",
        stream_kind=StreamKind.PARTITION,
        stream_id="0",
        event=RequestsLost(first=last + 1, last=gone.offset),
        version=None,
        source=gone,
        task_run_id=None,
        attempt=None,
    )

    found = audit([*journal, said])

    assert codes(found) == [FindingCode.REQUESTS_LOST]
    assert f"{last + 1} to {gone.offset}" in found[0].message


def test_an_outcome_of_another_partition_is_found(journal: list[Entry]) -> None:
    index = refusal(journal)
    source = journal[index].source
    assert source is not None
    foreign = journal[index]._replace(
        id=f"{source.lane}-3-{source.offset}-0",
        source=source._replace(partition=3),
        at_ms=journal[-1].at_ms,
    )

    found = audit([*journal, foreign])

    assert codes(found) == [FindingCode.WRONG_PARTITION]


# 5


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


# 6


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
        given_up.journal[fired],
        given_up.journal[fired].event.model_copy(update={"clock": Clock.DEADLINE}),
    )

    assert audit(world.journal) == []
    found = audit([*given_up.journal[: fired + 1], both])
    assert ends > fired + 1
    assert codes(found) == [FindingCode.NOT_OWNED]


def test_a_pending_flow_run_without_an_owner_waits_for_one() -> None:
    assert audit(given(flow, registered("t1")).world.journal) == []


# All at once


def test_no_entry_can_be_left_out(journal: list[Entry]) -> None:
    records = story().written.topics()
    reached = reached_by(journal)

    unseen = [
        journal[index].id
        for index in range(len(journal))
        if not audit(without(journal, index), records, reached)
    ]

    assert unseen == []


def test_no_entry_can_be_there_twice(journal: list[Entry]) -> None:
    unseen = [
        journal[index].id
        for index in range(len(journal))
        if not audit([*journal[: index + 1], *journal[index:]])
    ]

    assert unseen == []


def test_no_two_entries_of_a_stream_can_change_places(journal: list[Entry]) -> None:
    records = story().written.topics()
    unseen = list[str]()
    for index in range(len(journal) - 1):
        first, second = journal[index : index + 2]
        if first.stream_id != second.stream_id or first.version is None or second.version is None:
            continue
        if not audit([*journal[:index], second, first, *journal[index + 2 :]], records):
            unseen.append(first.id)

    assert unseen == []


def test_an_end_that_was_made_another_is_found_by_the_states(journal: list[Entry]) -> None:
    world = story()
    index = index_of(journal, "task.succeeded", task_run_id="w1")
    failed = TaskFailed(end="failed", runner_id=A)

    found = audit(edited(journal, index, event=failed), world.written.topics())

    assert set(codes(found)) == {FindingCode.STATE_DIFFERS}
    assert {finding.where for finding in found} == {"task-states work/w1", "open-tasks work/w1"}


def test_every_finding_belongs_to_an_invariant() -> None:
    numbers = {code: invariant_of(code) for code in FindingCode}

    assert {code for code, number in numbers.items() if number is None} == {FindingCode.MORE}
    assert set(numbers.values()) == {1, 2, 3, 4, 5, 6, None}


def test_a_journal_with_everything_wrong_is_told_in_bounded_words(journal: list[Entry]) -> None:
    one = journal[refusal(journal)]

    found = audit([one] * (FINDINGS_MAX + 500))

    assert len(found) == FINDINGS_MAX + 1
    assert found[-1].code is FindingCode.MORE
    assert "outcome_repeated" in found[-1].message


def test_a_journal_of_a_run_that_was_forgotten_begins_anew() -> None:
    begun = given(runner, flow, with_body, body_ended(End.FAILED), World.sweep_all)
    again = begun.when(strikes(Clock.FORGET), flow, with_body, cancel).world

    assert audit(again.journal, again.written.topics()) == []
