"""A read model in a database of a test's own, told a journal without a Kafka."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Row, Table, select

from rescind.events import levels
from rescind.events.journal import Entry
from rescind.kafka.records import Record
from rescind.server.readmodel.projecting.batches import Part, write
from rescind.server.readmodel.projecting.placed import place
from rescind.server.readmodel.standing import Standing, begin_at, standings
from rescind.server.readmodel.storage.database import Database
from rescind.server.readmodel.storage.rows import bulk_of, flow_of, task_of
from rescind.server.readmodel.storage.tables import (
    bulk_cancellations,
    flow_runs,
    metadata,
    task_runs,
)
from rescind.statemachine.draft import Draft
from rescind.statemachine.records import open_record
from rescind.statemachine.runs import Bulk, FlowRun, TaskRun

__all__ = ["STEP", "Reader", "Told", "check_equal", "reader", "records_of", "told"]

STEP = 3
"""Offsets from one record to the next: markers of transactions lie between."""


def records_of(values: Iterable[bytes | None], first: int = 0, partition: int = 0) -> list[Record]:
    """The journal records with these values, as Kafka hands them out."""
    return [
        Record("journal", partition, offset, 1_000, None, value, ())
        for offset, value in enumerate_by_step(values, first)
    ]


def enumerate_by_step(values: Iterable[bytes | None], first: int) -> Iterator[tuple[int, Any]]:
    return ((first + STEP * number, value) for number, value in enumerate(values))


class Reader:
    """A database, and what the read model that serves there has."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def standing(self, partition: int = 0) -> Standing:
        return self.database.ask(standings)[partition]

    def rows(self, table: Table) -> list[Row[Any]]:
        """All of them, by their keys."""
        ordered = select(table).order_by(*table.primary_key.columns)
        return self.database.ask(lambda connection: list(connection.execute(ordered)))

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table."""
        return {
            table.name: [tuple(row) for row in self.rows(table)] for table in metadata.sorted_tables
        }

    def flows(self) -> dict[str, FlowRun]:
        """The flow runs that live."""
        living = (row for row in self.rows(flow_runs) if row.forgotten_ms is None)
        return {row.flow_run_id: flow_of(row) for row in living}

    def tasks(self) -> dict[str, dict[str, TaskRun]]:
        """The task runs of flow runs that live, by flow run."""
        found: dict[str, dict[str, TaskRun]] = {flow_run_id: {} for flow_run_id in self.flows()}
        for row in self.rows(task_runs):
            if row.flow_run_id in found:
                found[row.flow_run_id][row.task_run_id] = task_of(row)
        return {flow_run_id: tasks for flow_run_id, tasks in found.items() if tasks}

    def bulks(self) -> dict[str, Bulk]:
        """The bulk cancellations that live."""
        living = (row for row in self.rows(bulk_cancellations) if row.forgotten_ms is None)
        return {row.bulk_id: bulk_of(row) for row in living}


class Told(Reader):
    """A read model, and how far it was told."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.number = database.prepare()
        self._begin()

    def anew(self) -> None:
        """An empty one in the place of this one."""
        self.number = self.database.begin_another().number
        self.database.switch(self.number)
        self.database.drop_retired()
        self._begin()

    def _begin(self) -> None:
        with self.database.writing(self.number).begin() as connection:
            begin_at(connection, {0: 0, 1: 0})

    def tell(self, values: Iterable[bytes | None], *, batch: int = 50, partition: int = 0) -> None:
        """Go on in this partition, in batches of so many."""
        since = self.standing(partition).next_offset
        records = records_of(values, since, partition)
        for first in range(0, len(records), batch):
            self.write(records[first : first + batch], since)
            since = self.standing(partition).next_offset

    def write(self, records: Sequence[Record], since: int) -> None:
        """One batch, which begins at that offset."""
        part = Part(
            records[0].partition, since, records[-1].offset + STEP, list(map(place, records))
        )
        with self.database.writing(self.number).begin() as connection:
            write(connection, [part])

    def tell_entries(self, entries: Iterable[Entry], *, batch: int = 50) -> None:
        self.tell((entry.to_json() for entry in entries), batch=batch)


@contextmanager
def told(url: str) -> Iterator[Told]:
    """An empty read model."""
    database = Database(url)
    try:
        yield Told(database)
    finally:
        database.close()


@contextmanager
def reader(url: str) -> Iterator[Reader]:
    """A database that nothing was made in."""
    database = Database(url)
    try:
        yield Reader(database)
    finally:
        database.close()


def check_equal(model: Reader, fold: Draft) -> None:
    """What lives in the read model is what the fold of the journal has."""
    flows = {key: flow for key, flow in fold.flows.items() if flow is not None}
    tasks = {
        key: kept
        for key, of_flow in fold.tasks.items()
        if (kept := {task_id: task for task_id, task in of_flow.items() if task is not None})
    }
    assert model.flows() == flows
    assert model.tasks() == tasks
    assert model.bulks() == {key: bulk for key, bulk in fold.bulks.items() if bulk is not None}
    # Equal is not enough: 0 and 0.0 are.
    for flow_run_id, flow in model.flows().items():
        assert open_record(flow, levels.NEWEST) == open_record(flows[flow_run_id], levels.NEWEST)
