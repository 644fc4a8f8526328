"""An id may have several lives: the tables show the last one, the events all of them."""

import pytest

from rescind.events.journal import Entry
from rescind.events.requests import Clock
from rescind.server.readmodel.storage.tables import armed, events, flow_labels, flow_runs, task_runs
from tests.contract.readmodel.tables import Told
from tests.scenario import given, later
from tests.words import (
    body_ended,
    cancel,
    ended,
    flow,
    granted,
    registered,
    runner,
    strikes,
    with_body,
)
from tests.world import RUN

WEEK_SECONDS = 7 * 86_400


def two_lives() -> list[Entry]:
    """The second one has another task run than the first."""
    over = given(
        runner, flow, with_body, registered("t1"), granted("t1"), ended("t1"), body_ended()
    )
    forgotten = over.when(later(WEEK_SECONDS), strikes(Clock.FORGET))
    forgotten.then("flow.forgotten")
    return forgotten.when(flow, with_body, registered("t2")).world.journal


@pytest.mark.parametrize("batch", [1, 3, 1_000])
def test_of_an_earlier_life_only_the_events_are_left(model: Told, batch: int) -> None:
    journal = two_lives()

    model.tell_entries(journal, batch=batch)

    assert [row.task_run_id for row in model.rows(task_runs)] == ["body", "t2"]
    (row,) = model.rows(flow_runs)
    assert (row.state, row.forgotten_ms) == ("Running", None)
    assert len(model.rows(events)) == len(journal)


def test_an_armed_cancellation_is_there_until_its_flow_run_is(model: Told) -> None:
    asked = given(cancel)
    model.tell_entries(asked.world.journal)
    assert [row.flow_run_id for row in model.rows(armed)] == [RUN]

    known = len(asked.world.journal)
    model.tell_entries(asked.when(flow).world.journal[known:])

    assert model.rows(armed) == []
    assert [row.state for row in model.rows(flow_runs)] == ["Finished.Cancelled"]
    assert model.rows(flow_labels) == []
