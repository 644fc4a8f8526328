"""A good journal is good, and no entry of it can be left out, doubled or moved unseen."""

import pytest

from rescind.events.journal import (
    Entry,
    TaskFailed,
)
from rescind.events.refusals import Code
from rescind.events.requests import Clock
from rescind.events.words import End
from rescind.statemachine.audit import FindingCode, invariant_of
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
    body_ended,
    cancel,
    flow,
    runner,
    strikes,
    with_body,
)
from tests.world import World


@pytest.fixture(scope="module")
def journal() -> list[Entry]:
    return story().journal


def without(journal: list[Entry], *indexes: int) -> list[Entry]:
    return [entry for index, entry in enumerate(journal) if index not in indexes]


def test_a_good_journal_has_nothing_wrong_with_it(journal: list[Entry]) -> None:
    world = story()

    assert audit(journal) == []
    assert audit(world.journal, world.written.topics()) == []


def test_the_story_has_something_of_everything(journal: list[Entry]) -> None:
    kinds = {line.split(" ")[0] for line in told(journal)}

    assert len(kinds) > 20


def test_a_journal_that_was_written_and_read_is_as_good(journal: list[Entry]) -> None:
    assert [Entry.from_json(entry.to_json()) for entry in journal] == journal


def refusal(journal: list[Entry]) -> int:
    return index_of(journal, "request.refused", code=Code.UNKNOWN_TASK)


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
