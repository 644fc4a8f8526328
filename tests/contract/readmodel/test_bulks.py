"""Bulk cancellations as tables: how far each is, and one row for each flow run that was asked."""

from typing import Final

import orjson
import pytest
from sqlalchemy import insert, select, text, update

from rescind.errors import CursorError
from rescind.events.bulk import FlowPredicate
from rescind.events.journal import BulkProgressed, Entry
from rescind.events.refusals import Code
from rescind.events.requests import BulkCreate
from rescind.server.readmodel.projecting.batches import Part, write
from rescind.server.readmodel.projecting.catching_up import left_behind
from rescind.server.readmodel.queries.answers import BulkRow
from rescind.server.readmodel.reading import ReadModel
from rescind.server.readmodel.storage.tables import (
    bulk_cancellations,
    bulk_items,
    events,
    halted,
    positions,
)
from tests.bulks import (
    BULK,
    completed,
    counted,
    created,
    forgets_bulk,
    item,
    paused,
    progress,
    resumed,
    running,
    started_bulk,
)
from tests.contract.readmodel.tables import Told, check_equal
from tests.contract.readmodel.test_lists import every
from tests.model.driver import live
from tests.scenario import Scenario, given, later
from tests.words import flow
from tests.world import RUN

FINISHED: Final = Code.ALREADY_FINISHED


def told_of(model: Told, scenario: Scenario) -> BulkRow:
    model.tell_entries(scenario.world.journal)
    found = ReadModel(model.database).bulk_cancellation(BULK)
    assert found is not None
    return found


@pytest.mark.parametrize("batch", [1, 3, 1_000])
def test_each_flow_run_that_was_asked_has_one_row_in_its_order(model: Told, batch: int) -> None:
    first = progress(item("f1"), item("f2", FINISHED))
    rest = progress(item("f3"), after="f2", last=True)
    scenario = given(*running, first, paused, resumed, rest)

    model.tell_entries(scenario.world.journal, batch=batch)

    found = ReadModel(model.database).bulk_items(BULK)
    assert [(row.number, row.flow_run_id, row.outcome) for row in found.items] == [
        (0, "f1", "took_effect"),
        (1, "f2", "already_finished"),
        (2, "f3", "took_effect"),
    ]
    assert model.bulks()[BULK].state == "Finished.Completed"


def test_of_random_journals_every_item_is_there_once(model: Told) -> None:
    """What the service counts is what the rows are, in every life of an id."""
    for seed in (5, 11, 39, 40):
        model.anew()
        shell = live(seed, 300)
        model.tell_entries(shell.world.journal, batch=seed)

        check_equal(model, shell.fold)
        rows = model.rows(bulk_items)
        assert rows != [], f"seed {seed}"
        for bulk_id, bulk in model.bulks().items():
            numbers = [row.number for row in rows if row.bulk_id == bulk_id]
            assert numbers == list(range(bulk.tally.asked)), f"seed {seed}"
        assert len({(row.bulk_id, row.number) for row in rows}) == len(rows)


def test_it_says_since_when_it_goes_at_its_pace(model: Told) -> None:
    scenario = given(*running, later(10), progress(item("f1")), paused, later(60), resumed)
    scenario.when(later(2), progress(item("f2"), after="f1"))

    found = told_of(model, scenario)

    assert found.since_ms == scenario.world.now_ms - 2_000
    assert (found.since_asked, found.told_ms) == (1, scenario.world.now_ms)
    assert found.bulk.tally.asked == 2


def test_items_come_in_pages_and_by_outcome(model: Told) -> None:
    asked = [item(f"f{n:03}", FINISHED if n % 3 == 0 else None) for n in range(100)]
    told_of(model, given(*running, progress(*asked, last=True)))
    read = ReadModel(model.database)

    whole = list(every(lambda at: read.bulk_items(BULK, limit=7, cursor=at)))
    refused = list(every(lambda at: read.bulk_items(BULK, FINISHED.value, limit=7, cursor=at)))

    assert [row.flow_run_id for row in whole] == [one.flow_run_id for one in asked]
    assert [row.flow_run_id for row in refused] == [f"f{n:03}" for n in range(0, 100, 3)]
    assert read.bulk_items(BULK, "no_such_code").items == ()
    with pytest.raises(CursorError):
        read.bulk_items(BULK, cursor="x")


def test_an_item_shows_its_flow_run_as_it_is_now(model: Told) -> None:
    model.tell_entries(given(flow, *running, progress(item(RUN), item("gone"))).world.journal)

    known, gone = ReadModel(model.database).bulk_items(BULK).items

    assert (known.state, gone.state, gone.name) == ("Pending", None, None)


def test_they_are_listed_the_latest_first_and_by_state(model: Told) -> None:
    one_a_second = [
        step
        for number in range(12)
        for step in (created.model_copy(update={"bulk_id": f"b-{number:02}"}), later(1))
    ]
    counts = [counted().model_copy(update={"bulk_id": f"b-{n:02}"}) for n in range(0, 12, 2)]
    model.tell_entries(given(*one_a_second, *counts).world.journal)
    read = ReadModel(model.database)

    everything = every(lambda at: read.bulk_cancellations(limit=5, cursor=at))
    newest = [row.bulk.bulk_id for row in everything]
    drafts = list(every(lambda at: read.bulk_cancellations(["Draft"], limit=5, cursor=at)))
    ready = list(every(lambda at: read.bulk_cancellations(["Draft.Counted"], limit=2, cursor=at)))

    assert newest == [f"b-{number:02}" for number in reversed(range(12))]
    assert [row.bulk.bulk_id for row in drafts] == newest
    assert [row.bulk.bulk_id for row in ready] == newest[1::2]
    assert read.bulk_cancellations(["Finished"]).items == ()


@pytest.mark.parametrize("batch", [1, 1_000])
def test_of_what_is_forgotten_the_rows_stay_until_its_id_lives_again(
    model: Told, batch: int
) -> None:
    over = given(*completed, forgets_bulk)
    model.tell_entries(over.world.journal, batch=batch)
    (kept,) = model.rows(bulk_cancellations)
    assert (kept.state, kept.forgotten_ms) == ("Finished.Completed", over.world.now_ms)
    assert model.rows(bulk_items) != []

    known = len(over.world.journal)
    again = over.when(created, counted(), started_bulk, progress(item("other"))).world.journal
    model.tell_entries(again[known:], batch=batch)

    assert [row.flow_run_id for row in model.rows(bulk_items)] == ["other"]
    assert model.bulks()[BULK].state == "Running"
    assert len(model.rows(events)) == len(again)


def test_one_that_stands_still_says_so_and_stops_no_other(model: Told) -> None:
    journal = given(*running, progress(item("f1")), flow).world.journal
    told = next(entry for entry in journal if isinstance(entry.event, BulkProgressed))
    newer = orjson.loads(told.to_json()) | {"type": "bulk.petrified.v1"}

    model.tell(
        orjson.dumps(newer) if entry is told else entry.to_json() for entry in (*journal, told)
    )

    found = ReadModel(model.database).bulk_cancellation(BULK)
    assert found is not None
    assert found.halt is not None
    assert found.bulk.tally.asked == 0
    assert model.rows(bulk_items) == []
    assert model.flows()[RUN].state == "Pending"


def test_one_that_stands_still_goes_on_with_its_next_life(model: Told) -> None:
    over = given(*completed, forgets_bulk)
    known = [entry.to_json() for entry in over.world.journal]
    newer = orjson.dumps(orjson.loads(known[0]) | {"type": "bulk.petrified.v1"})

    model.tell([known[0], newer, *known[1:]])
    assert model.rows(halted) == []
    model.tell_entries(over.when(created).world.journal[len(known) :])

    assert model.bulks()[BULK].state == "Draft"


# What a release before these tables leaves, and what it writes while this one runs beside it.


def passed_over(model: Told, entries: list[Entry]) -> None:
    """Let a release that has no tables for bulk cancellations take these in."""
    model.tell_entries(entries)
    with model.database.writing(model.number).begin() as connection:
        for table in (bulk_items, bulk_cancellations):
            connection.execute(table.delete())
        connection.execute(update(positions).values(bulks_upto=0))


@pytest.mark.parametrize("seed", [5, 11, 39])
def test_what_an_earlier_release_has_passed_over_is_folded_by_the_next_batch(
    model: Told, seed: int
) -> None:
    shell = live(seed, 300)
    half = len(shell.world.journal) // 2
    passed_over(model, shell.world.journal[:half])

    model.tell_entries(shell.world.journal[half:])
    upgraded = model.everything()

    check_equal(model, shell.fold)
    model.anew()
    model.tell_entries(shell.world.journal)
    assert upgraded == model.everything()


def test_it_is_folded_once_whoever_comes_first(model: Told) -> None:
    passed_over(model, given(*completed, forgets_bulk).world.journal)
    at = model.standing().next_offset
    with model.database.writing(model.number).begin() as connection:
        assert left_behind(connection) == {0: at}
        write(connection, [Part(0, at, at)])
        assert left_behind(connection) == {}
    rows = model.rows(bulk_items)
    assert len(rows) == 1

    with model.database.writing(model.number).begin() as connection:
        write(connection, [Part(0, at, at)])
    assert model.rows(bulk_items) == rows


def test_tables_of_the_first_release_are_brought_up_to_date(model: Told) -> None:
    """As a server of this release finds them: its revision makes the tables, and they fill."""
    journal = given(*running, progress(item("f1"))).world.journal
    model.tell_entries(journal)
    expected = model.everything()
    with model.database.writing(model.number).begin() as connection:
        for statement in (
            "DROP INDEX events_late",
            "DROP INDEX task_runs_children",
            "DROP INDEX runners_by_state",
            "DROP TABLE bulk_items",
            "DROP TABLE bulk_cancellations",
            "ALTER TABLE positions DROP COLUMN bulks_upto",
            "UPDATE alembic_version SET version_num = '0001'",
        ):
            connection.execute(text(statement))

    model.database.prepare()
    at = model.standing().next_offset
    with model.database.writing(model.number).begin() as connection:
        write(connection, [Part(0, at, at)])

    assert model.everything() == expected


def test_a_list_of_few_among_many_goes_on_from_page_to_page(model: Told) -> None:
    """Two of one namespace, the older one behind 4,500 of others."""
    ours = [
        BulkCreate(bulk_id=name, where=FlowPredicate(namespaces=("a",))) for name in ("old", "new")
    ]
    model.tell_entries(given(ours[0], later(1), created, later(1), ours[1]).world.journal)
    with model.database.writing(model.database.serving()).begin() as connection:
        of_others = select(bulk_cancellations).where(bulk_cancellations.c.bulk_id == BULK)
        (row,) = connection.execute(of_others).mappings().all()
        copies = [{**row, "bulk_id": f"of-others-{number:04}"} for number in range(4_500)]
        connection.execute(insert(bulk_cancellations), copies)
    read = ReadModel(model.database)

    pages = [read.bulk_cancellations(within=("a",), limit=5)]
    while pages[-1].cursor is not None:
        pages.append(read.bulk_cancellations(within=("a",), limit=5, cursor=pages[-1].cursor))

    found = [[row.bulk.bulk_id for row in page.items] for page in pages]
    assert found == [["new"], [], ["old"]]
    alone = every(lambda at: read.bulk_cancellations(within=("a",), limit=1, cursor=at))
    assert [row.bulk.bulk_id for row in alone] == ["new", "old"]


def test_as_many_as_a_page_may_have_are_listed_with_when_each_was_told_last(model: Told) -> None:
    scenario = given(*running, progress(item("f1")))
    model.tell_entries(scenario.world.journal)
    with model.database.writing(model.database.serving()).begin() as connection:
        (row,) = connection.execute(select(bulk_cancellations)).mappings().all()
        (told,) = connection.execute(select(bulk_items)).mappings().all()
        for number in range(1_200):
            name = f"more-{number:04}"
            connection.execute(insert(bulk_cancellations).values(**{**row, "bulk_id": name}))
            connection.execute(insert(bulk_items).values(**{**told, "bulk_id": name}))

    page = ReadModel(model.database).bulk_cancellations(limit=1_000)

    assert len(page.items) == 1_000
    assert all(bulk.told_ms is not None for bulk in page.items)
