"""What is measured of a transaction, and what is shown of the state."""

from collections.abc import Mapping
from typing import Any

import pytest

from rescind.events.journal import FlowCancelling
from rescind.events.requests import Clock
from rescind.processors.lifecycle.lifecycle import Batch
from rescind.processors.measuring.meters import Meters, Served
from rescind.processors.measuring.stages import passed
from rescind.processors.pipeline.clocks import ClockKeeper
from rescind.statemachine.policy import Policy
from tests.unit.processors.desk import Desk
from tests.world import NOON_MS

CANCEL = {"type": "flow.cancel", "flow_run_id": "f"}
MINUTE_MS = 60_000


class Metered:
    """A partition whose transactions are committed a quarter of a second after they were asked."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.desk = Desk(policy=policy)
        self.meters = Meters()
        self.clocks = ClockKeeper(policy or Policy())

    def put(self, request: Mapping[str, Any], **more: Any) -> Batch:
        batch = self.desk.life.begin()
        batch.take(self.desk.read(request, **more))
        self.desk.commit(batch)
        self.clocks.see(batch.draft)
        self.meters.committed(batch, 0.004, self.desk.now_ms + 250)
        return batch

    def look(self) -> None:
        life = self.desk.life
        served = Served(life.base, self.clocks.running, life.position, {"stop": 7})
        self.meters.look_at({3: served}, self.desk.now_ms)

    def value(self, name: str, **labels: str) -> float | None:
        return self.meters.registry.get_sample_value(f"rescind_{name}", labels)


def test_a_bulk_cancellation_shows_what_came_of_each_and_how_many_are_left() -> None:
    metered = Metered()
    made: dict[str, Any] = {"bulk_id": "b", "request_id": "1"}
    metered.put({"type": "bulk.create", **made, "where": {}})
    count = {"type": "bulk.count", **made, "request_id": "2", "count": 5}
    metered.put(count, signed=True)
    metered.put({"type": "bulk.start", **made, "request_id": "3"})
    metered.look()
    assert metered.value("bulk_items_left", partition="3") == 5

    items = [{"flow_run_id": f"f{n}", "event_id": f"e{n}"} for n in range(3)]
    items[0]["code"] = "already_finished"
    cursor = {"registered_at": "2026-11-22T12:00:00.000Z", "flow_run_id": "f2"}
    told = {"type": "bulk.progress", **made, "request_id": "4", "items": items, "cursor": cursor}
    metered.put(told, signed=True)
    metered.look()

    assert metered.value("bulk_items_total", outcome="took_effect") == 2
    assert metered.value("bulk_items_total", outcome="already_finished") == 1
    assert metered.value("bulk_items_left", partition="3") == 2


def finish(task: str, end: str, **fields: Any) -> dict[str, Any]:
    items = [{"task_run_id": task, "end": end, **fields}]
    return {"type": "task.finish", "flow_run_id": "f", "runner_id": "r", "items": items}


@pytest.fixture
def running() -> Metered:
    """A flow run with a body and a task run, both granted; none of this was measured."""
    metered = Metered()
    metered.desk.begin(tasks=["t1"])
    return metered


def test_a_cancellation_passes_each_stage_once_and_so_long_after_it_was_asked(
    running: Metered,
) -> None:
    def of(request: Mapping[str, Any]) -> list[tuple[str, float]]:
        batch = running.put(request)
        return list(passed(batch.entries, batch.draft, running.desk.now_ms + 250))

    acknowledge = {
        "type": "cancellation.acknowledge", "flow_run_id": "f", "runner_id": "r",
        "held": [{"task_run_id": "t1"}, {"task_run_id": "body"}],
    }  # fmt: skip
    begun = running.put(CANCEL).entries[0].event
    assert isinstance(begun, FlowCancelling)
    for stage in ("journal", "told"):
        assert running.value("cancellation_stage_seconds_sum", stage=stage) == 0.25

    running.desk.now_ms += 2_000
    chunk = {"cancellation_id": begun.terms.cancellation_id, "chunk": 0}
    assert of({**acknowledge, **chunk, "last": False}) == []
    running.desk.now_ms += 1_000
    assert of({**acknowledge, **chunk, "chunk": 1, "held": [], "last": True}) == [
        ("acknowledged", 3.0)
    ]
    running.desk.now_ms += 2_000
    assert of(finish("t1", "cancelled", how="forced")) == []
    running.desk.now_ms += 5_000
    assert of(finish("body", "success")) == [("last_task", 10.0), ("cancelled", 10.25)]
    for stage in ("journal", "told", "acknowledged", "last_task", "cancelled"):
        assert running.value("cancellation_stage_seconds_count", stage=stage) == 1.0


def test_a_cancel_of_one_task_run_is_no_stage_of_its_flow_run(running: Metered) -> None:
    running.put({"type": "task.cancel", "flow_run_id": "f", "task_run_id": "t1"})

    assert running.value("events_total", type="task.cancelling.v1") == 1.0
    assert running.value("cancellation_stage_seconds_count", stage="told") == 0.0


def test_events_are_counted_by_type_refusals_by_code_and_cancelled_task_runs_by_how(
    running: Metered,
) -> None:
    running.put(CANCEL)
    running.put({"type": "flow.start", "flow_run_id": "f", "runner_id": "r"}, lane="start")
    running.put(finish("t1", "cancelled", how="forced"))
    running.put({**finish("t1", "success"), "runner_id": "another"})

    assert running.value("events_total", type="flow.cancelling.v1") == 1.0
    assert running.value("refusals_total", code="cancelling") == 1.0
    assert running.value("events_total", type="task.late_report.v1") == 1.0
    cancelled = running.value("task_runs_cancelled_total", how="forced", confirmed="true")
    assert cancelled == 1.0
    assert running.value("commit_seconds_count") == 4.0
    assert running.value("commit_seconds_sum") == pytest.approx(0.016)


def test_what_is_being_cancelled_and_for_how_long_is_seen_until_it_has_ended(
    running: Metered,
) -> None:
    running.put(CANCEL)
    running.desk.now_ms += MINUTE_MS
    running.look()
    assert running.value("flow_runs_cancelling", partition="3") == 1.0
    assert running.value("oldest_cancelling_seconds", partition="3") == 60.0

    running.put(finish("t1", "success"))
    running.put(finish("body", "success"))
    running.look()
    assert running.value("flow_runs_cancelling", partition="3") == 0.0
    assert running.value("oldest_cancelling_seconds", partition="3") == 0.0


def test_what_has_ended_is_seen_until_it_is_forgotten(running: Metered) -> None:
    running.put(CANCEL)
    running.put(finish("t1", "success"))
    running.put(finish("body", "success"))
    running.look()
    assert running.value("flow_runs_kept", partition="3") == 1.0
    assert running.value("flow_runs_to_forget", partition="3") == 1.0

    running.desk.now_ms += round(Policy().forget_after_seconds * 1000)
    (struck,) = running.clocks.strike(running.desk.now_ms)
    running.put(struck.model_dump(mode="json", exclude_none=True), signed=True)
    running.look()
    assert running.value("events_total", type="flow.forgotten.v1") == 1.0
    assert running.value("flow_runs_kept", partition="3") == 0.0
    assert running.value("flow_runs_to_forget", partition="3") == 0.0


def test_armed_cancels_are_seen_until_they_lapse_by_their_number_too() -> None:
    metered = Metered(Policy(armed_max=2))
    for name in ("x", "y", "z"):
        metered.put({"type": "flow.cancel", "flow_run_id": name, "request_id": name})
    metered.look()

    assert metered.value("armed_cancels", partition="3") == 2.0
    assert metered.value("events_total", type="cancellation.lapsed.v1") == 1.0
    assert metered.clocks.running[Clock.ARMED] == 2


def test_runners_that_are_gone_are_seen_until_they_are_forgotten(running: Metered) -> None:
    running.put({"type": "runner.leave", "runner_id": "another"})
    running.look()
    assert running.value("runners_kept", partition="3") == 2.0
    assert running.value("runners_to_forget", partition="3") == 1.0


def test_a_partition_that_is_no_longer_served_is_no_longer_shown(running: Metered) -> None:
    running.look()
    assert running.value("flow_runs_kept", partition="3") == 1.0

    running.meters.look_at({}, NOON_MS)

    assert running.value("flow_runs_kept", partition="3") is None


def test_a_mistake_in_measuring_does_not_undo_what_is_committed(
    running: Metered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running.meters, "_stages", None)

    running.put(CANCEL)
    running.look()

    assert running.value("flow_runs_cancelling", partition="3") == 1.0
