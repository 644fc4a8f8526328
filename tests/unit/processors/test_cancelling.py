"""Which cancellations a runner may have missed, from the entries of the small topic."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from rescind.errors import NoTransitionError
from rescind.events.intents import CancelTask, Heartbeat
from rescind.events.journal import CancellationAcknowledged, Entry
from rescind.events.moments import moment_to_text
from rescind.events.words import Mode
from rescind.kafka.records import OutRecord, Record
from rescind.processors.reminders import reminder_for
from rescind.processors.watching import cancelling
from rescind.processors.watching.cancelling import Cancelling
from rescind.processors.watching.registry import Registry
from tests.unit.processors.desk import NAMES, Desk, entries, written
from tests.unit.processors.memory import memory_of

CANCEL = {"type": "flow.cancel", "flow_run_id": "f", "reason": "enough", "grace_seconds": 7}


class Followed:
    """A partition, and what its small topic says."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.cancelling = Cancelling()
        self.cancelling.is_current = True
        self.desk.begin(tasks=["t1"])

    def put(self, request: dict[str, Any], **more: Any) -> list[OutRecord]:
        records = self.desk.put(request, **more)
        self.read(records)
        return records

    def read(self, records: Sequence[OutRecord]) -> None:
        for record in written(records, NAMES.cancellations):
            self.see(record.value)

    def see(self, value: bytes | None) -> None:
        self.cancelling.see(Record(NAMES.cancellations, 0, 0, 0, b"f", value, ()))

    def missed(self, runner_id: str = "r") -> list[tuple[str, str]]:
        missed = self.cancelling.missed_by(runner_id, ["f", "other"])
        return [(intent.flow_run_id, intent.mode.value) for intent in missed]

    def acknowledge(self, *, last: bool = True) -> None:
        (cancellation_id,) = {
            intent.cancellation_id for intent in self.cancelling.missed_by("anyone", ["f"])
        }
        about = {"flow_run_id": "f", "runner_id": "r", "cancellation_id": cancellation_id}
        held = [{"task_run_id": "t1"}, {"task_run_id": "body"}]
        self.put({"type": "cancellation.acknowledge", **about, "held": held, "last": last})


def test_a_runner_that_serves_a_cancelling_flow_run_and_has_not_acknowledged_missed_it() -> None:
    followed = Followed()
    assert followed.missed() == []
    followed.put(CANCEL)
    assert followed.missed() == [("f", "graceful")]
    followed.acknowledge(last=False)
    assert followed.missed() == [("f", "graceful")]
    followed.acknowledge()
    assert followed.missed() == []
    assert followed.missed("another") == [("f", "graceful")]


def test_an_abort_is_told_to_those_too_who_had_acknowledged() -> None:
    followed = Followed()
    followed.put(CANCEL)
    followed.acknowledge()
    followed.put({**CANCEL, "mode": "abort", "request_id": "2"})
    assert followed.missed() == [("f", "abort")]
    (intent,) = followed.cancelling.missed_by("r", ["f"])
    assert intent.mode is Mode.ABORT
    # What the inbox says of it: an abort has no grace.
    assert intent.grace_seconds == 0


def test_one_that_slept_through_all_of_it_is_told_afterwards() -> None:
    followed = Followed()
    followed.put(CANCEL)
    ends = [{"task_run_id": task, "end": "cancelled"} for task in ("t1", "body")]
    about = {"flow_run_id": "f", "runner_id": "r", "items": ends}
    followed.put({"type": "task.finish", **about})
    assert followed.missed() == [("f", "graceful")]


def test_what_was_cancelled_in_a_life_that_is_forgotten_is_not_told_in_the_next() -> None:
    followed = Followed()
    followed.put(CANCEL)
    ends = [{"task_run_id": task, "end": "cancelled"} for task in ("t1", "body")]
    about = {"flow_run_id": "f", "runner_id": "r", "items": ends}
    followed.put({"type": "task.finish", **about})
    (intent,) = followed.cancelling.missed_by("r", ["f"])

    followed.desk.now_ms += 7 * 86_400_000
    due_at = moment_to_text(followed.desk.now_ms)
    forget = {"type": "cancellation.clock", "flow_run_id": "f", "clock": "forget"}
    followed.put({**forget, "due_at": due_at}, signed=True)
    followed.desk.begin(runner_id="another", tasks=["t1"])
    assert followed.missed("another") == []

    followed.put({**CANCEL, "request_id": "of the new life"})
    (fresh,) = followed.cancelling.missed_by("another", ["f"])
    assert fresh.cancellation_id != intent.cancellation_id


def test_a_flow_run_in_quarantine_is_remembered_like_one_that_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cancelling, "KEPT", 1)
    followed = Followed()
    for flow_run_id in ("f", "other"):
        if flow_run_id == "other":
            followed.desk.begin("other")
        followed.put({**CANCEL, "flow_run_id": flow_run_id})
        batch = followed.desk.life.begin()
        batch.quarantine(flow_run_id, "why@1", NoTransitionError(flow_run_id, "Running", "x"))
        followed.read(followed.desk.commit(batch))
        assert followed.missed() == [(flow_run_id, "graceful")]


def test_an_acknowledgement_of_what_is_not_open_leaves_nothing_behind() -> None:
    followed = Followed()
    followed.put(CANCEL)
    before = memory_of(followed.cancelling)
    held = CancellationAcknowledged(
        cancellation_id="c", runner_id="the-runner", chunk=0, last=True, held=()
    )
    (entry,) = entries(followed.desk.put({**CANCEL, "request_id": "2"}))
    followed.see(entry._replace(stream_id="unknown", event=held).to_json())
    assert memory_of(followed.cancelling) == before


def test_what_is_no_entry_of_ours_is_passed_over() -> None:
    followed = Followed()
    for value in (None, b"", b"[]", b"garbage", orjson.dumps({"type": "flow.exploded.v9"})):
        followed.see(value)
    followed.put(CANCEL)
    assert followed.missed() == [("f", "graceful")]


def test_nothing_is_told_before_the_topic_was_read_to_its_end() -> None:
    followed = Followed()
    followed.put(CANCEL)
    followed.cancelling.is_current = False
    heartbeat = Heartbeat(runner_id="r", flow_run_ids=("f",), at=0)
    assert reminder_for(heartbeat, followed.cancelling, Registry()) is None


CANCEL_TASK = {"type": "task.cancel", "flow_run_id": "f", "task_run_id": "t1", "reason": "enough"}


def missed_task(followed: Followed, runner_id: str = "r") -> list[tuple[str, int, str]]:
    missed = followed.cancelling.missed_by(runner_id, ["f", "other"])
    tasks = [intent for intent in missed if isinstance(intent, CancelTask)]
    assert tasks == missed
    return [(intent.task_run_id, intent.attempt, intent.mode.value) for intent in tasks]


def test_the_holder_of_a_task_run_that_is_cancelled_alone_has_missed_it_and_nobody_else() -> None:
    followed = Followed()
    followed.put(CANCEL_TASK)
    assert missed_task(followed) == [("t1", 1, "graceful")]
    assert missed_task(followed, "another") == []

    (intent,) = followed.cancelling.missed_by("r", ["f"])
    about = {"flow_run_id": "f", "runner_id": "r", "cancellation_id": intent.cancellation_id}
    held = [{"task_run_id": "t1"}]
    followed.put({"type": "cancellation.acknowledge", **about, "held": held})
    assert missed_task(followed) == []

    followed.put({**CANCEL_TASK, "mode": "abort", "request_id": "2"})
    assert missed_task(followed) == [("t1", 1, "abort")]


@pytest.mark.parametrize("end", ["cancelled", "success", "failed"])
def test_of_task_runs_only_the_story_of_one_that_is_cancelled_alone_is_told(end: str) -> None:
    desk = Desk()
    desk.begin(tasks=["t1", "t2"])
    told = [*desk.put(CANCEL_TASK)]
    about = {"flow_run_id": "f", "runner_id": "r"}
    for task in ("t1", "t2", "body"):
        items = [{"task_run_id": task, "end": end}]
        told += desk.put({"type": "task.finish", **about, "items": items})
    story = [
        (entry.task_run_id, entry.event.type.removesuffix(".v1"))
        for entry in map(
            Entry.from_json, (r.value or b"" for r in written(told, NAMES.cancellations))
        )
        if entry.task_run_id is not None
    ]
    ended = {"cancelled": "task.cancelled", "success": "task.succeeded", "failed": "task.failed"}
    assert story == [("t1", "task.cancelling"), ("t1", "cancellation.sent"), ("t1", ended[end])]


def test_a_holder_that_slept_through_the_whole_of_it_is_told_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    followed = Followed()
    followed.put(CANCEL_TASK)
    (intent,) = followed.cancelling.missed_by("r", ["f"])
    followed.desk.now_ms = intent.deadline_at
    strikes = {"type": "cancellation.clock", "flow_run_id": "f", "task_run_id": "t1"}
    due = {"clock": "deadline", "due_at": moment_to_text(intent.deadline_at)}
    followed.put({**strikes, **due, "cancellation_id": intent.cancellation_id}, signed=True)
    assert missed_task(followed) == [("t1", 1, "graceful")]

    # It is over, so it makes room for what is over later.
    monkeypatch.setattr(cancelling, "KEPT", 0)
    followed.put(CANCEL)
    body = [{"task_run_id": "body", "end": "failed"}]
    about = {"flow_run_id": "f", "runner_id": "r"}
    followed.put({"type": "task.finish", **about, "items": body})
    assert followed.missed() == []


def test_a_runner_that_has_reported_the_end_is_not_told_of_it() -> None:
    followed = Followed()
    followed.put(CANCEL_TASK)
    items = [{"task_run_id": "t1", "end": "success"}]
    about = {"flow_run_id": "f", "runner_id": "r"}
    followed.put({"type": "task.finish", **about, "items": items})
    assert missed_task(followed) == []


def test_a_reminder_says_which_task_run_is_to_be_stopped() -> None:
    followed = Followed()
    followed.put(CANCEL_TASK)
    heartbeat = Heartbeat(runner_id="r", flow_run_ids=("f",), at=0)
    reminder = reminder_for(heartbeat, followed.cancelling, Registry())
    assert reminder is not None
    assert [intent.task_run_id for intent in reminder.cancel_task] == ["t1"]
    assert reminder.cancel_flow == ()


def test_a_reminder_says_what_was_missed_and_nothing_when_nothing_was() -> None:
    followed = Followed()
    heartbeat = Heartbeat(runner_id="r", flow_run_ids=("f",), at=0)
    assert reminder_for(heartbeat, followed.cancelling, Registry()) is None
    followed.put(CANCEL)
    reminder = reminder_for(heartbeat, followed.cancelling, Registry())
    assert reminder is not None
    assert [intent.reason for intent in reminder.cancel_flow] == ["enough"]
    assert reminder.lost is None
