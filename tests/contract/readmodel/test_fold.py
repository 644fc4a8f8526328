"""The tables are the fold of the journal, however it was cut into batches."""

from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rescind.events import levels
from rescind.events.journal import Entry, FlowForgotten
from rescind.server.readmodel.storage.rows import flow_of
from rescind.server.readmodel.storage.tables import (
    armed,
    events,
    flow_runs,
    halted,
    runners,
)
from rescind.statemachine.draft import Draft
from rescind.statemachine.partition import Partition
from rescind.statemachine.records import open_record, read_open
from rescind.statemachine.runs import FlowRun
from tests.contract.readmodel.tables import Told, check_equal
from tests.model.driver import live

STEPS: Final = 150


@given(seed=st.integers(0, 2**32 - 1), batch=st.integers(1, 400))
@settings(
    max_examples=15,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_every_state_is_the_one_that_the_fold_of_the_journal_has(
    model: Told, seed: int, batch: int
) -> None:
    model.anew()
    shell = live(seed, STEPS)

    model.tell_entries(shell.world.journal, batch=batch)

    fold = shell.fold
    check_equal(model, fold)
    waiting = {row.flow_run_id: read_open(row.record) for row in model.rows(armed)}
    assert waiting == {key: one for key, one in fold.armed.items() if one is not None}
    known = {row.runner_id: read_open(row.record) for row in model.rows(runners)}
    assert known == {key: one for key, one in fold.runners.items() if one is not None}
    kept = [row.value for row in model.rows(events)]
    assert kept == [entry.to_json() for entry in shell.world.journal]
    assert model.rows(halted) == []


@pytest.mark.parametrize("batch", [1, 7, 10_000])
def test_of_what_is_forgotten_the_last_state_is_kept(model: Told, batch: int) -> None:
    journal, last = a_life_that_forgets()

    model.tell_entries(journal, batch=batch)

    gone = {row.flow_run_id: row for row in model.rows(flow_runs) if row.forgotten_ms is not None}
    assert gone
    assert {key: open_record(flow_of(row), levels.NEWEST) for key, row in gone.items()} == {
        key: open_record(last[key], levels.NEWEST) for key in gone
    }


def a_life_that_forgets() -> tuple[list[Entry], dict[str, FlowRun]]:
    """A journal in which flow runs are forgotten, and how each was before that."""
    for seed in range(1, 200):
        journal = live(seed, STEPS).world.journal
        fold, last = Draft(Partition()), dict[str, FlowRun]()
        for entry in journal:
            if isinstance(entry.event, FlowForgotten):
                last[entry.stream_id] = fold.flows[entry.stream_id] or last[entry.stream_id]
            fold.fold(entry)
        if last and any(fold.flows[key] is None for key in last):
            return journal, last
    raise AssertionError("no seed has one")
