"""The machines, and the tables that everything else looks edges up in, say the same."""

from itertools import product
from pathlib import Path
from typing import Final, get_args

import pytest

from rescind.events.journal import AnyEvent, Event, FlowFailed, TaskFailed
from rescind.statemachine.diagrams import page
from rescind.statemachine.edges import (
    BULK_EDGES,
    FLOW_EDGES,
    RUNNER_EDGES,
    TASK_EDGES,
    Edges,
    is_cancelling,
    is_finished,
    is_pending,
    is_running,
    lies_in,
    table,
    walk,
    within,
)
from rescind.statemachine.machine import TASK, Lifecycle, build, triggers
from tests import golden

TABLES: Final = {
    "flow run": FLOW_EDGES,
    "task run": TASK_EDGES,
    "runner": RUNNER_EDGES,
    "bulk cancellation": BULK_EDGES,
}
HERE: Final = Path(__file__).parent
# Begin a stream, or wait for one; there is no state yet that they could leave.
BEGINNINGS: Final = {
    "flow.registered",
    "task.registered",
    "bulk.created",
    "cancellation.armed",
    "cancellation.lapsed",
}


def test_the_edges_are_those_that_were_reviewed() -> None:
    tables = [f"{name}\n\n{table(edges)}" for name, edges in TABLES.items()]

    golden.matches(HERE / "golden" / "edges.txt", "\n".join(tables))


def test_the_page_of_the_lifecycles_is_what_the_machines_say() -> None:
    golden.matches(golden.ROOT / "docs" / "reference" / "lifecycles.md", page())


@pytest.mark.parametrize("lifecycle", build(), ids=lambda lifecycle: lifecycle.name)
def test_the_live_machine_and_the_table_agree_on_every_pair(lifecycle: Lifecycle) -> None:
    edges = TABLES[lifecycle.name]
    pairs = list(product(lifecycle.states(), triggers(lifecycle)))

    live = {(state, trigger): lifecycle.take(state, trigger) for state, trigger in pairs}

    assert live == {pair: edges.get(pair) for pair in pairs}
    assert set(edges) <= set(pairs)


def test_machines_of_ones_own_give_the_same_tables() -> None:
    assert {lifecycle.name: walk(lifecycle) for lifecycle in build()} == TABLES


@pytest.mark.parametrize("edges", [FLOW_EDGES, TASK_EDGES, BULK_EDGES])
def test_nothing_leaves_finished(edges: Edges) -> None:
    assert [(state, after) for (state, _), after in edges.items() if is_finished(state)] == [
        (state, state) for state, _ in edges if is_finished(state)
    ]


def test_nothing_leaves_gone() -> None:
    gone = {edge: after for edge, after in RUNNER_EDGES.items() if edge[0].startswith("Gone")}

    assert {trigger for _, trigger in gone} == {"runner.forgotten"}
    assert all(state == after for (state, _), after in gone.items())


def test_a_start_is_never_granted_while_cancelling_alone() -> None:
    assert ("Running.Cancelling", "task.started") not in TASK_EDGES
    assert ("Running.Cancelling", "task.retrying") not in TASK_EDGES
    assert ("Running.Cancelling", "flow.started") not in FLOW_EDGES


def test_running_work_is_never_cancelled_without_being_asked_first() -> None:
    assert ("Running", "flow.cancelled") not in FLOW_EDGES


def test_cancelling_is_a_kind_of_running_and_cancelled_of_finished() -> None:
    assert is_running("Running")
    assert is_running("Running.Cancelling")
    assert is_cancelling("Running.Cancelling")
    assert not is_cancelling("Running")
    assert not is_finished("Running.Cancelling")
    assert is_finished("Finished.Cancelled")
    assert not is_running("Finished.Cancelled")
    assert is_pending("Pending.Retrying")
    assert not is_pending("Running")


def test_a_state_lies_in_itself_and_in_what_is_around_it() -> None:
    states = TASK.states()

    assert [one for one in states if lies_in(one, "Finished.Failed")] == [
        "Finished.Failed",
        "Finished.Failed.Crashed",
        "Finished.Failed.TimedOut",
    ]
    assert within(states, {"Running", "Pending.Retrying"}) == [
        "Pending.Retrying",
        "Running",
        "Running.Cancelling",
    ]
    # A name is a whole one: nothing lies in the beginning of a word.
    assert not within(states, {"Fin"})


@pytest.mark.parametrize("event", get_args(get_args(AnyEvent)[0]))
def test_every_event_that_changes_a_state_has_an_edge(event: type[Event]) -> None:
    name = event.model_fields["type"].default.rpartition(".v")[0]
    known = {trigger for lifecycle in build() for trigger in triggers(lifecycle)}

    assert (name in known | BEGINNINGS) is event.versioned


@pytest.mark.parametrize("event", [FlowFailed, TaskFailed])
def test_every_way_of_failing_has_an_edge(event: type[FlowFailed]) -> None:
    name = event.model_fields["type"].default.rpartition(".v")[0]
    ends = get_args(event.model_fields["end"].annotation)
    known = {trigger for lifecycle in build() for trigger in triggers(lifecycle)}

    assert {f"{name}.{end}" for end in ends if end != "failed"} | {name} <= known
