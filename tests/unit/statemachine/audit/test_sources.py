"""Each record of both lanes has exactly one outcome: what is missing or there twice is found."""

import pytest

from rescind.events.journal import (
    Entry,
    RequestRefused,
    RequestsLost,
    Source,
    StreamKind,
)
from rescind.events.refusals import Code
from rescind.statemachine.audit import Auditor, FindingCode
from tests.scenario import given
from tests.unit.statemachine.audit.story import (
    audit,
    codes,
    index_of,
    reached_by,
    story,
)
from tests.words import (
    B,
    flow,
    granted,
    lost,
    registered,
)


@pytest.fixture(scope="module")
def journal() -> list[Entry]:
    return story().journal


def without(journal: list[Entry], *indexes: int) -> list[Entry]:
    return [entry for index, entry in enumerate(journal) if index not in indexes]


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
