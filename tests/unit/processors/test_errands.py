"""What other partitions are to be told: sent once, again when it fell, recorded when it landed."""

from typing import Any

import orjson

from rescind.events.requests import ChildFinished, FlowCancel
from rescind.events.signature import SIGNATURE_HEADER, verify
from rescind.kafka.partitions import partition_of
from rescind.processors.lifecycle.errands import Errands
from rescind.statemachine.families import Errand
from tests.unit.processors.desk import KEYS, NAMES, Desk, entries, inboxes
from tests.world import NOON_MS

CANCEL = {"type": "flow.cancel", "flow_run_id": "f", "deadline_seconds": 60}
EDGE = {"flow_run_id": "p", "task_run_id": "c"}


class Told:
    """A partition whose errands are kept as the pipeline keeps them."""

    def __init__(self, **more: Any) -> None:
        self.desk = Desk(**more)
        self.errands = Errands()

    def put(self, request: dict[str, Any], **more: Any) -> None:
        batch = self.desk.life.begin()
        batch.take(self.desk.read(request, **more))
        self.desk.commit(batch)
        self.errands.see(batch.draft)

    def take(self, limit: int = 100, seconds: float = 0) -> list[Errand]:
        now_ms = NOON_MS + round(seconds * 1000)
        taken = self.errands.take(self.desk.life.base, now_ms, limit)
        return [errand for errand, _ in taken]

    def record(self) -> list[str]:
        told = self.errands.told(100)
        batch = self.desk.life.begin()
        batch.record_errands(told)
        made = entries(self.desk.commit(batch))
        self.errands.recorded(told)
        self.errands.see(batch.draft)
        return [entry.event.type for entry in made]


def parent_of(count: int) -> Told:
    told = Told()
    told.desk.begin()
    items = [
        {"task_run_id": f"t{n}", "kind": "child", "child_flow_run_id": f"c{n}"}
        for n in range(count)
    ]
    about = {"flow_run_id": "f", "runner_id": "r"}
    told.put({"type": "task.register", **about, "items": items}, lane="start")
    starts = [{"task_run_id": f"t{n}"} for n in range(count)]
    told.put({"type": "task.start", **about, "items": starts}, lane="start")
    return told


def test_each_child_is_told_once_and_in_chunks() -> None:
    told = parent_of(5)
    assert told.take() == []
    told.put(CANCEL)

    first, second = told.take(3), told.take(3)

    assert [errand.task_run_id for errand in (*first, *second)] == ["t0", "t1", "t2", "t3", "t4"]
    assert told.take() == []
    told.put({**CANCEL, "request_id": "again"})
    assert told.take() == []


def test_what_has_landed_is_recorded_once() -> None:
    told = parent_of(1)
    told.put(CANCEL)
    taken = told.take()
    assert told.record() == []

    told.errands.landed(taken)

    assert told.record() == ["child.cancel_sent.v1"]
    assert told.record() == []
    assert told.take() == []


def test_what_has_fallen_is_sent_again() -> None:
    told = parent_of(1)
    told.put(CANCEL)
    taken = told.take()

    told.errands.fallen(taken)

    assert told.take() == taken


def test_what_is_not_recorded_is_owed_after_a_restart() -> None:
    told = parent_of(2)
    told.put(CANCEL)
    told.errands.landed(told.take())

    again = Errands()
    again.restore(told.desk.life.base)

    assert len(again.take(told.desk.life.base, NOON_MS, 100)) == 2


def test_a_child_that_has_ended_meanwhile_is_told_nothing() -> None:
    told = parent_of(2)
    told.put(CANCEL)
    flying = told.take(1)
    for number in range(2):
        ended = {"task_run_id": f"t{number}", "child_flow_run_id": f"c{number}", "end": "failed"}
        told.put({"type": "child.finished", "flow_run_id": "f", **ended}, signed=True)

    told.errands.landed(flying)

    assert told.take() == []
    assert told.record() == []


def test_a_child_has_as_long_as_is_left_to_its_parent() -> None:
    told = parent_of(1)
    told.put(CANCEL)

    [(_, request)] = told.errands.take(told.desk.life.base, NOON_MS + 45_000, 1)

    assert isinstance(request, FlowCancel)
    assert request.deadline_seconds == 15


def test_an_abort_is_told_though_the_graceful_cancel_is_still_flying() -> None:
    told = parent_of(1)
    told.put(CANCEL)
    graceful = told.take()
    told.put({**CANCEL, "mode": "abort", "request_id": "abort"})
    abort = told.take()

    told.errands.landed([*graceful, *abort])

    assert [errand.mode for errand in (*graceful, *abort)] == ["graceful", "abort"]
    # The first of the two is not owed any longer, and the journal does not speak of it.
    assert told.record() == ["child.cancel_sent.v1"]


def test_the_end_of_a_child_is_an_errand_to_its_parent() -> None:
    told = Told()
    about = {"flow_run_id": "f", "runner_id": "r"}
    told.put({"type": "runner.register", "runner_id": "r"}, lane="start")
    told.put({"type": "flow.register", **about, "parent": EDGE}, lane="start")
    told.put({"type": "flow.start", **about}, lane="start")
    assert told.take() == []
    told.put({"type": "flow.finish", **about, "end": "success", "result_ref": "s3://there"})

    [(errand, request)] = told.errands.take(told.desk.life.base, NOON_MS, 1)

    assert isinstance(request, ChildFinished)
    assert (request.flow_run_id, request.task_run_id) == ("p", "c")
    assert (request.end, request.result_ref) == ("success", "s3://there")
    told.errands.landed([errand])
    assert told.record() == ["child.end_sent.v1"]


def handed_down(**edge: str) -> dict[str, Any]:
    return {**CANCEL, "parent": {**EDGE, **edge}, "request_id": "from above"}


def test_a_parent_whose_cancel_finds_no_child_of_its_own_is_told_before_the_commit() -> None:
    desk = Desk(partitions=64)
    child = next(f"f{n}" for n in range(999) if partition_of(f"f{n}", 64) == 0)
    desk.begin(child)
    batch = desk.life.begin()
    batch.take(desk.read({**handed_down(), "flow_run_id": child}, signed=True))

    [sent] = batch.forwards

    assert (sent.topic, sent.partition) == (NAMES.stop_requests, partition_of("p", 64))
    said = orjson.loads(sent.value or b"")
    assert (said["type"], said["end"], said["how"]) == (
        "child.finished",
        "cancelled",
        "never_started",
    )
    (header,) = [value for name, value in sent.headers if name == SIGNATURE_HEADER]
    assert verify(sent.value or b"", header, KEYS)


def test_an_end_that_its_parent_could_not_take_is_told_again_when_that_one_cancels() -> None:
    told = Told()
    told.put({"type": "flow.register", "flow_run_id": "f", "parent": EDGE}, lane="start")
    told.put(CANCEL)
    batch = told.desk.life.begin()
    batch.take(told.desk.read(handed_down(), signed=True))
    # It is owed anyway.
    assert batch.forwards == []
    told.errands.landed(told.take())
    told.record()

    batch = told.desk.life.begin()
    batch.take(told.desk.read(handed_down(), signed=True))

    assert [orjson.loads(sent.value or b"")["end"] for sent in batch.forwards] == ["cancelled"]


def test_a_stranger_cannot_make_a_partition_speak_to_a_parent() -> None:
    desk = Desk()
    desk.begin()
    batch = desk.life.begin()
    batch.take(desk.read(handed_down()))
    assert batch.forwards == []


def test_the_grant_of_a_child_names_the_chain_above_its_parent() -> None:
    desk = Desk()
    about = {"flow_run_id": "f", "runner_id": "r"}
    link = {**EDGE, "ancestors": ["g"]}
    desk.put({"type": "runner.register", "runner_id": "r"}, lane="start")
    desk.put({"type": "flow.register", **about, "parent": link}, lane="start")
    desk.put({"type": "flow.start", **about}, lane="start")
    items = [{"task_run_id": "t", "kind": "child", "child_flow_run_id": "h"}, {"task_run_id": "u"}]
    desk.put({"type": "task.register", **about, "items": items}, lane="start")
    starts = [{"task_run_id": "t"}, {"task_run_id": "u"}]

    (told,) = inboxes(desk.put({"type": "task.start", **about, "items": starts}, lane="start"))

    named = {grant["task_run_id"]: grant.get("ancestors") for grant in told["grants"]}
    assert named == {"t": ["g", "p"], "u": None}
