"""What follows from records of ``cancellations``, as the lifecycle writes them."""

from typing import Any

import pytest

from rescind.errors import NoTransitionError, UnknownEventError
from rescind.events.hooks import HookEvent, HookKind, hook_event_id
from rescind.kafka.records import OutRecord, Record
from rescind.processors.hooking.alarms import Alarms
from rescind.processors.hooking.ledger import Item
from rescind.processors.hooking.notices import Notice
from rescind.statemachine.clocks import STUCK_AFTER_MS
from tests.unit.processors.desk import NAMES, Desk, written

CANCEL = {
    "type": "flow.cancel",
    "flow_run_id": "f",
    "reason": "enough",
    "deadline_seconds": 60,
    "actor": {"kind": "user", "id": "ann"},
}


class Told:
    """A desk whose records are read as the agents read them."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.alarms = Alarms(lambda _: True)
        self.offset = 0
        self.later: list[Item] = []
        self.void: list[Item] = []

    def put(self, request: dict[str, Any], **more: Any) -> list[Notice]:
        return self.read(self.desk.put(request, **more))

    def read(self, records: list[OutRecord]) -> list[Notice]:
        now: list[Notice] = []
        for out in written(records, NAMES.cancellations):
            told = self.alarms.read(self.record(out))
            now += [notice for notice in (told.overdue, *told.now) if notice is not None]
            self.later += [told.waits[0]] if told.waits is not None else []
            self.void += [told.void] if told.void is not None else []
        return now

    def record(self, out: OutRecord) -> Record:
        self.offset += 1
        return Record(out.topic, 0, self.offset, 0, out.key, out.value, out.headers)

    def ends(self, *tasks: str, confirmed: bool = True) -> list[Notice]:
        items = [
            {"task_run_id": task, "end": "cancelled", "stopped_confirmed": confirmed}
            for task in tasks
        ]
        about = {"flow_run_id": "f", "runner_id": "r"}
        return self.put({"type": "task.finish", **about, "items": items})


def kinds(notices: list[Notice]) -> list[str]:
    return [notice.event.type.value for notice in notices]


@pytest.fixture
def told() -> Told:
    made = Told()
    made.desk.begin(tasks=["t"])
    return made


def test_a_cancellation_has_a_beginning_and_an_end(told: Told) -> None:
    (began,) = told.put(CANCEL)
    (ended,) = told.ends("t", "body")

    assert kinds([began, ended]) == ["flow.cancelling", "flow.cancelled"]
    for event in (began.event, ended.event):
        assert (event.flow_run_id, event.name, event.reason) == ("f", "flow", "enough")
        assert event.actor is not None
        assert event.actor.id == "ann"
        assert event.cancellation_id == began.event.cancellation_id
    assert ended.event.account is not None
    assert ended.event.account.cancelled == 1
    assert (ended.event.version or 0) > (began.event.version or 0)
    assert told.void == told.later


def test_what_nobody_has_seen_stop_is_told_apart(told: Told) -> None:
    told.put(CANCEL)

    assert kinds(told.ends("t", "body", confirmed=False)) == ["flow.cancelled", "flow.unconfirmed"]


def test_a_body_that_nobody_has_seen_stop_is_told_though_no_account_counts_it(told: Told) -> None:
    told.put(CANCEL)
    told.ends("t")

    *_, unconfirmed = told.ends("body", confirmed=False)

    assert unconfirmed.event.type is HookKind.UNCONFIRMED
    assert unconfirmed.event.body_unconfirmed
    assert unconfirmed.event.account is not None
    assert unconfirmed.event.account.unconfirmed == 0


def test_it_is_stuck_five_seconds_after_its_deadline_and_not_before(told: Told) -> None:
    (began,) = told.put(CANCEL)
    due_ms = (began.event.deadline_at or 0) + STUCK_AFTER_MS

    assert told.alarms.due(due_ms, 9) == []
    assert told.alarms.first_at() == due_ms
    (stuck,) = told.alarms.due(due_ms + 1, 9)

    assert (stuck.event.type, stuck.event.at, stuck.event.why) == ("flow.stuck", due_ms, "deadline")
    assert stuck.item.offset == began.item.offset
    # Once.
    assert told.alarms.due(due_ms + 1_000_000, 9) == []


def test_a_later_abort_has_a_deadline_of_its_own(told: Told) -> None:
    (began,) = told.put(CANCEL)
    told.put({**CANCEL, "mode": "abort", "deadline_seconds": 5, "request_id": "again"})

    (stuck,) = told.alarms.due((began.event.deadline_at or 0) - 10_000, 9)

    assert stuck.event.at < (began.event.deadline_at or 0)


def test_one_that_is_aborted_too_late_was_stuck_before_though_nobody_looked(told: Told) -> None:
    told.put(CANCEL)
    told.desk.now_ms += 60_000 + STUCK_AFTER_MS + 1

    late = told.put({**CANCEL, "mode": "abort", "deadline_seconds": 5, "request_id": "again"})

    assert kinds(late) == ["flow.stuck"]
    assert told.alarms.due(4_102_444_800_000, 9) == []


def test_one_that_ended_too_late_was_stuck_before_though_nobody_looked(told: Told) -> None:
    told.put(CANCEL)
    told.desk.now_ms += 60_000 + STUCK_AFTER_MS + 1

    ended = told.ends("t", "body")

    assert kinds(ended) == ["flow.stuck", "flow.cancelled"]
    assert told.void == []


def test_one_in_quarantine_is_stuck_at_once(told: Told) -> None:
    told.put(CANCEL)
    batch = told.desk.life.begin()
    batch.quarantine("f", "why@1", NoTransitionError("f", "Running", "x"))

    (stuck,) = told.read(told.desk.commit(batch))

    assert (stuck.event.type, stuck.event.why) == ("flow.stuck", "quarantine")
    assert told.void == told.later


def test_one_that_the_service_has_ended_after_a_loss_has_failed(told: Told) -> None:
    lost = {"type": "runner.lost", "runner_id": "r", "partition": 0, "reason": "silent"}
    (began,) = [n for n in told.put(lost, signed=True) if n.event.type is HookKind.CANCELLING]

    assert began.event.named_end == "crashed"


def test_a_flow_run_that_failed_by_itself_is_none_of_it(told: Told) -> None:
    items = [{"task_run_id": task, "end": "failed"} for task in ("t", "body")]
    about = {"flow_run_id": "f", "runner_id": "r"}

    assert told.put({"type": "task.finish", **about, "items": items}) == []


def test_task_runs_that_are_cancelled_alone_are_none_of_it(told: Told) -> None:
    cancel = {"type": "task.cancel", "flow_run_id": "f", "task_run_id": "t"}

    assert told.put(cancel) == []
    assert told.ends("t") == []


def test_what_an_earlier_release_has_written_is_told_with_what_it_has(told: Told) -> None:
    records = written(told.desk.put(CANCEL), NAMES.cancellations)
    (out, *_) = [r for r in records if b"flow.cancelling" in (r.value or b"")]
    bare = [header for header in out.headers if header[0] != "rescind-about"]
    assert len(bare) < len(out.headers)

    (began,) = told.alarms.read(told.record(out._replace(headers=bare))).now

    assert (began.event.name, began.event.reason) == (None, "enough")


def test_an_event_of_a_newer_release_stops_the_reader(told: Told) -> None:
    records = written(told.desk.put(CANCEL), NAMES.cancellations)
    (out, *_) = [r for r in records if b"flow.cancelling" in (r.value or b"")]
    value = (out.value or b"").replace(b"flow.cancelling.v1", b"flow.cancelling.v9")

    with pytest.raises(UnknownEventError):
        told.alarms.read(told.record(out._replace(value=value)))


def test_an_id_is_fit_for_a_header_and_has_no_full_stop() -> None:
    made = hook_event_id("flow.1/ä@7", HookKind.CANCELLED)

    assert made == "flow%2E1%2F%C3%A4@7-cancelled"


def test_the_body_is_the_same_bytes_after_it_was_read(told: Told) -> None:
    (began,) = told.put(CANCEL)
    body = began.event.to_json()

    assert HookEvent.model_validate_json(body).to_json() == body
