"""Each list is read from an index that has its order: a page costs the same in any table."""

from typing import Any

import pytest
from sqlalchemy import Connection, Select

from rescind.events.words import StreamKind
from rescind.server.readmodel.projecting.known import lookup_statement
from rescind.server.readmodel.queries import cancelling, children
from rescind.server.readmodel.queries.bulks import (
    bulks_statement,
    items_statement,
    told_statement,
)
from rescind.server.readmodel.queries.flows import FlowFilter, flows_statement, stuck_statement
from rescind.server.readmodel.queries.late import late_statement
from rescind.server.readmodel.queries.runners import runners_statement
from rescind.server.readmodel.queries.tasks import (
    held_statement,
    tasks_statement,
    unconfirmed_statement,
)
from rescind.server.readmodel.queries.timeline import (
    after_statement,
    journal_statement,
    not_folded_statement,
    refused_statement,
    timeline_statement,
)
from tests.contract.readmodel.tables import Told
from tests.model.driver import live

ONE_INDEX: dict[str, tuple[Select[Any], str]] = {
    "newest": (flows_statement(FlowFilter(), 50, None), "flow_runs_newest"),
    "name": (flows_statement(FlowFilter(name="n"), 50, None), "flow_runs_by_name"),
    "namespace": (flows_statement(FlowFilter(namespace="n"), 50, None), "flow_runs_by_namespace"),
    "parent": (
        flows_statement(FlowFilter(parent_flow_run_id="p"), 50, None),
        "flow_runs_by_parent",
    ),
    "text": (flows_statement(FlowFilter(text="t"), 50, None), "flow_runs_newest"),
    "label": (flows_statement(FlowFilter(labels={"a": "b"}), 50, None), "flow_labels_by_value"),
    "stuck": (stuck_statement(1, FlowFilter(), 50, None), "flow_runs_stuck"),
    "stuck, of a state and a label": (
        stuck_statement(1, FlowFilter(states=("Running",), labels={"a": "b"}), 50, None),
        "flow_runs_stuck",
    ),
    "stuck, of a namespace": (
        stuck_statement(1, FlowFilter(namespace="n"), 50, None),
        "flow_runs_stuck",
    ),
    "task runs": (tasks_statement("run", (), 50, None), "task_runs_in_order"),
    "of a state": (tasks_statement("run", ("Finished",), 50, None), "task_runs_in_order"),
    "with a text": (tasks_statement("run", (), 50, None, "t"), "task_runs_in_order"),
    "held": (held_statement("runner", 50, None), "task_runs_by_holder"),
    "unconfirmed": (unconfirmed_statement(50, None), "task_runs_unconfirmed"),
    "timeline": (timeline_statement(StreamKind.FLOW, "r", None, 50, None), "events_by_stream"),
    "of a task run": (timeline_statement(StreamKind.FLOW, "r", "t", 50, None), "events_by_stream"),
    "late reports": (late_statement("r", None, 50), "events_late"),
    "late, of a task run": (late_statement("r", "t", 50), "events_late"),
    "runners that live": (runners_statement(False, 50, None), "runners_by_state"),
    "journal": (journal_statement(50, None), "events_newest"),
    "not folded": (not_folded_statement(50, None), "events_not_folded"),
    "after, of a flow run": (
        after_statement(0, 5, (StreamKind.FLOW, "run"), 50),
        "events_by_stream",
    ),
    "bulk cancellations": (bulks_statement((), 50, None), "bulk_cancellations_newest"),
    "items of an outcome": (
        items_statement("bulk", "took_effect", 50, None),
        "bulk_items_by_outcome",
    ),
}

MERGED: dict[str, tuple[Select[Any], str]] = {
    "states": (flows_statement(FlowFilter(states=("Running",)), 50, None), "flow_runs_by_state"),
    "bulk cancellations of a state": (
        bulks_statement(("Finished",), 50, None),
        "bulk_cancellations_by_state",
    ),
    "dead letters": (
        refused_statement(("unreadable", "internal_error"), 50, None),
        "events_refused",
    ),
}


FEW: dict[str, Select[Any]] = {
    "of a family": children.family_statement("run"),
    "that are held": children.held_statement("run"),
    "that run": cancelling.running_statement("run"),
}


@pytest.fixture
def filled(model: Told) -> Told:
    model.tell_entries(live(3, 60).world.journal)
    return model


@pytest.mark.parametrize("name", ONE_INDEX)
def test_a_list_comes_in_the_order_of_its_index(filled: Told, name: str) -> None:
    statement, index = ONE_INDEX[name]

    plan = filled.database.ask(lambda connection: plan_of(connection, statement))

    assert index in plan, plan
    assert "TEMP B-TREE" not in plan, plan
    assert "Sort" not in plan, plan
    assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize("name", MERGED)
def test_a_list_of_several_states_takes_a_page_of_each_and_merges_those(
    filled: Told, name: str
) -> None:
    statement, index = MERGED[name]

    plan = filled.database.ask(lambda connection: plan_of(connection, statement))

    # In a table of a few rows PostgreSQL may take another index that has the order.
    assert plan.count(index) >= 2 or plan.count("Index Scan") >= 2, plan
    assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize("name", FEW)
def test_the_children_of_a_flow_run_are_found_without_its_other_task_runs(
    filled: Told, name: str
) -> None:
    plan = filled.database.ask(lambda connection: plan_of(connection, FEW[name]))

    assert "task_runs_children" in plan, plan
    assert "Seq Scan" not in plan, plan


def test_the_task_runs_of_a_batch_are_looked_up_by_their_keys(filled: Told) -> None:
    """A batch that read the whole table would take the longer the more there is."""

    def plan_of_it(connection: Connection) -> str:
        statement = lookup_statement(connection.dialect.name).params(keys='[["a","b"]]')
        return plan_of(connection, statement)

    plan = filled.database.ask(plan_of_it)

    assert "task_runs_pkey" in plan or "sqlite_autoindex_task_runs_1" in plan, plan
    assert "SCAN task_runs" not in plan, plan


def test_items_are_read_by_their_key(filled: Told) -> None:
    statement = items_statement("bulk", None, 50, None)
    plan = filled.database.ask(lambda connection: plan_of(connection, statement))

    assert "bulk_items_pkey" in plan or "sqlite_autoindex_bulk_items_1" in plan, plan
    assert "TEMP B-TREE" not in plan, plan
    assert "Sort" not in plan, plan


def test_when_bulk_cancellations_were_told_last_is_read_by_the_key_of_their_items(
    filled: Told,
) -> None:
    """A list that looked through the items of all would take the longer the more were asked."""
    plan = filled.database.ask(
        lambda connection: plan_of(connection, told_statement(["bulk", "another"]))
    )

    assert "bulk_items_pkey" in plan or "sqlite_autoindex_bulk_items_1" in plan, plan
    assert "SCAN bulk_items" not in plan, plan
    assert "Seq Scan on bulk_items" not in plan, plan


def test_the_runners_are_read_by_their_key(filled: Told) -> None:
    plan = filled.database.ask(
        lambda connection: plan_of(connection, runners_statement(None, 50, None))
    )

    assert "runners_pkey" in plan or "sqlite_autoindex_runners_1" in plan, plan


def plan_of(connection: Connection, statement: Select[Any]) -> str:
    sql = statement.compile(connection, compile_kwargs={"literal_binds": True})
    if connection.dialect.name == "sqlite":
        return "\n".join(row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}"))
    # Tables of a test are small: PostgreSQL would not look at an index.
    for way in ("seqscan", "sort", "bitmapscan"):
        connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
    return "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {sql}"))
