"""One batch of the lifecycle, without Kafka: what is written for what lay on the lanes."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescind.errors import NoTransitionError
from rescind.events.journal import FlowQuarantined, RequestRefused, RequestsLost
from rescind.events.journal.entry import StreamKind
from rescind.events.refusals import Code
from rescind.events.requests import Lane, write_request
from rescind.events.words import moment_to_text
from rescind.processors.lifecycle.lifecycle import BYTES_MAX, ITEMS_MAX
from rescind.processors.lifecycle.position import POSITION_KEY, Position
from rescind.statemachine.sweeps import all_sweeps
from tests.strategies import json_values, requests
from tests.unit.processors.desk import NAMES, Desk, entries, inboxes, written

CANCEL = {"type": "flow.cancel", "flow_run_id": "f"}

few_ids = st.sampled_from(["f", "g", "r", "t1", "t2", "body"])
asked = requests(
    flow_run_id=few_ids, runner_id=few_ids, task_run_id=few_ids, request_id=few_ids
).map(write_request)


@st.composite
def mutilated(draw: st.DrawFn) -> bytes:
    """A request with one of its fields replaced by anything."""
    body: dict[str, Any] = orjson.loads(draw(asked))
    body[draw(st.sampled_from([*body, "new"]))] = draw(json_values())
    return orjson.dumps(body)


values = st.one_of(asked, mutilated(), st.binary(max_size=60), st.none())
names = st.sampled_from(
    ["ce_type", "ce_id", "ce_subject", "content-type", "rescind-signature", "rescind-request-id"]
)
headers = st.lists(st.tuples(names | st.text(max_size=5), st.binary(max_size=20)), max_size=3)
lanes: st.SearchStrategy[Lane] = st.sampled_from(["stop", "start"])


@given(st.lists(st.tuples(values, lanes, headers, st.booleans()), min_size=1, max_size=4))
def test_whatever_lies_on_the_lanes_each_record_has_one_whole_outcome(
    records: list[tuple[bytes | None, Lane, list[tuple[str, bytes]], bool]],
) -> None:
    desk = Desk()
    desk.begin(tasks=["t1"])
    for value, lane, said, signed in records:
        read = desk.read(value, lane=lane, headers=said, signed=signed)
        batch = desk.life.begin()
        batch.take(read)
        out = desk.commit(batch)
        outcome = [entry.source for entry in entries(out) if entry.source is not None]
        assert [(s.lane, s.offset) for s in outcome] == [(lane, read.record.offset)] * len(outcome)
        assert [(s.nth, s.of) for s in outcome] == [(n, len(outcome)) for n in range(len(outcome))]
        assert outcome
        (position,) = [record.value or b"" for record in out if record.key == POSITION_KEY]
        assert Position.from_json(position) == desk.life.position


def test_state_and_progress_are_in_one_transaction() -> None:
    desk = Desk()
    out = desk.put({"type": "flow.register", "flow_run_id": "f"}, lane="start")
    assert [record.topic for record in out] == [
        NAMES.journal,
        NAMES.flow_states,
        NAMES.open_flows,
        NAMES.open_flows,
    ]
    assert {record.partition for record in out} == {0}
    assert desk.life.position.start.next == 1
    assert desk.life.position.stop.next == 0
    assert desk.life.position.sequence == 1


def test_a_run_that_changes_often_in_a_batch_is_written_once() -> None:
    desk = Desk()
    desk.begin()
    batch = desk.life.begin()
    for number in range(5):
        items = [{"task_run_id": f"t{number}"}]
        about = {"flow_run_id": "f", "runner_id": "r", "items": items}
        for kind in ("register", "start"):
            batch.take(desk.read({"type": f"task.{kind}", **about}, lane="start"))
    out = desk.commit(batch)
    assert len(entries(out)) == 10
    keys = [record.key for record in written(out, NAMES.open_tasks)]
    assert keys == [f"f/t{number}".encode() for number in range(5)]
    assert written(out, NAMES.flow_states) == []
    (told,) = inboxes(out)
    assert len(told["grants"]) == 5


def test_time_never_runs_backwards_though_a_records_stamp_does() -> None:
    desk = Desk()
    noon = desk.now_ms
    desk.put(CANCEL)
    desk.now_ms -= 60_000
    (late,) = entries(desk.put({**CANCEL, "flow_run_id": "g"}))
    assert late.at_ms == noon


def test_a_request_without_an_id_is_known_by_where_it_lay() -> None:
    desk = Desk()
    assert entries(desk.put(CANCEL))[0].request_id == "stop-0-0"
    again = desk.put({**CANCEL, "flow_run_id": "g"}, headers=[("rescind-request-id", b"stop-3-7")])
    assert entries(again)[0].request_id == "stop-3-7"
    own = desk.put({**CANCEL, "flow_run_id": "h", "request_id": "mine"})
    assert entries(own)[0].request_id == "mine"


def test_a_batch_is_full_by_its_items_or_by_its_bytes() -> None:
    desk = Desk()
    batch = desk.life.begin()
    items = [{"task_run_id": f"t{number}", "end": "success"} for number in range(500)]
    report = {"type": "task.finish", "flow_run_id": "f", "runner_id": "r", "items": items}
    batch.take(desk.read(report))
    assert batch.fullness == 500 / ITEMS_MAX
    batch.take(desk.read(b"x" * (BYTES_MAX // 2)))
    assert batch.fullness > 0.5
    batch.take(desk.read(b"x" * (BYTES_MAX // 2)))
    assert batch.fullness >= 1


def test_a_batch_is_full_by_what_its_requests_are_answered_with() -> None:
    desk = Desk()
    flows = [f"f{number}" for number in range(ITEMS_MAX // 250 + 2)]
    for flow_run_id in flows:
        desk.put({"type": "flow.register", "flow_run_id": flow_run_id}, lane="start")
        items = [{"task_run_id": f"t{number}"} for number in range(250)]
        about = {"flow_run_id": flow_run_id, "items": items}
        desk.put({"type": "task.register", **about}, lane="start")
    batch = desk.life.begin()
    asked = 0
    while batch.fullness < 1:
        batch.take(desk.read({"type": "flow.cancel", "flow_run_id": flows[asked]}))
        asked += 1
    assert asked == ITEMS_MAX // 250
    ended = [entry for entry in entries(batch.records()) if entry.event.type == "task.cancelled.v1"]
    assert len(ended) == ITEMS_MAX


def test_a_record_of_another_partition_is_sent_on_before_the_commit() -> None:
    desk = Desk(partitions=64)
    read = desk.read(CANCEL, headers=[("rescind-request-id", b"older"), ("mine", b"x")])
    batch = desk.life.begin()
    batch.take(read)
    (forward,) = batch.forwards
    assert forward.partition not in (None, 0)
    assert forward.key == b"f"
    assert forward.value == read.record.value
    assert forward.headers == (("mine", b"x"), ("rescind-request-id", b"older"))
    assert [entry.event.type for entry in entries(batch.records())] == ["request.forwarded.v1"]


def test_a_runners_record_that_lies_elsewhere_than_it_says_is_answered_and_buried() -> None:
    desk = Desk(partitions=4)
    hello = {"type": "runner.register", "runner_id": "r", "partition": 3}
    read = desk.read(hello, lane="start")
    batch = desk.life.begin()
    batch.take(read)
    out = desk.commit(batch)
    (told,) = inboxes(out)
    assert told["refusals"][0]["code"] == "unreadable"
    (letter,) = written(out, NAMES.dead_letters)
    assert letter.value == read.record.value
    assert dict(letter.headers)["rescind-why"].startswith(b"expected a record on partition 3")


def test_lost_requests_are_said_in_the_chain() -> None:
    desk = Desk()
    desk.put(CANCEL)
    batch = desk.life.begin()
    batch.miss("stop", 1, 40, desk.now_ms + 5)
    (lost,) = entries(desk.commit(batch))
    assert lost.event == RequestsLost(first=1, last=40)
    assert lost.source is not None
    assert (lost.source.previous, lost.source.offset) == (0, 40)
    assert lost.at_ms == desk.now_ms + 5
    assert desk.life.position.stop.next == 41


@pytest.mark.parametrize(
    "error, closed",
    [(ZeroDivisionError("a bug"), []), (NoTransitionError("f", "Running", "x"), ["f"])],
    ids=["a bug", "an impossible event"],
)
def test_only_an_impossible_event_puts_a_flow_run_in_quarantine(
    error: Exception, closed: list[str]
) -> None:
    desk = Desk()
    desk.begin()
    batch = desk.life.begin()
    read = desk.read({"type": "flow.finish", "flow_run_id": "f", "runner_id": "r", "end": "failed"})
    batch.refuse_bug(read, error)
    out = desk.commit(batch)
    refused, *rest = entries(out)
    assert isinstance(refused.event, RequestRefused)
    assert refused.event.code is Code.INTERNAL_ERROR
    assert (refused.stream_kind, refused.stream_id) == (StreamKind.FLOW, "f")
    assert [e.stream_id for e in rest if isinstance(e.event, FlowQuarantined)] == closed
    # Its runner waits for an answer, and the bytes are kept.
    (told,) = inboxes(out)
    assert told["refusals"][0]["code"] == "internal_error"
    (letter,) = written(out, NAMES.dead_letters)
    assert letter.value == read.record.value


def test_a_bug_in_somebody_elses_stream_closes_that_one_and_not_the_one_asked_about() -> None:
    desk = Desk()
    for name in ("f", "g"):
        desk.begin(name)
    batch = desk.life.begin()
    batch.refuse_bug(desk.read(CANCEL), NoTransitionError("g/t1", "Running", "x"))
    assert [entry.event.type for entry in entries(batch.records())] == ["request.refused.v1"]
    batch = desk.life.begin()
    batch.quarantine("g", "why@1", NoTransitionError("g/t1", "Running", "x"))
    (closed,) = entries(batch.records())
    assert (closed.stream_id, closed.cause) == ("g", "why@1")


def test_even_a_refusal_that_cannot_be_made_leaves_an_outcome() -> None:
    desk = Desk()
    batch = desk.life.begin()
    batch.refuse_barely(desk.read(CANCEL), ValueError("nothing works"))
    out = desk.commit(batch)
    (refused,) = entries(out)
    assert isinstance(refused.event, RequestRefused)
    assert refused.stream_kind is StreamKind.PARTITION
    (letter,) = written(out, NAMES.dead_letters)
    assert orjson.loads(letter.value or b"") == CANCEL
    assert desk.life.position.stop.next == 1


def test_an_empty_batch_writes_nothing_and_owes_no_longer_what_it_has_swept() -> None:
    desk = Desk()
    desk.begin()
    desk.put(CANCEL)
    owed = all_sweeps(desk.life.base)
    assert owed
    desk.life.owed = dict.fromkeys(owed)
    batch = desk.life.begin()
    assert not any(batch.sweep(sweep) for sweep in owed)
    assert batch.is_empty
    desk.life.note_swept(batch, owed)
    assert desk.life.owed == {}


def test_what_ends_and_is_forgotten_in_one_batch_has_its_end_written() -> None:
    # As a worker finds it that comes back after a week.
    desk = Desk()
    desk.begin(tasks=["t1"])
    about = {"flow_run_id": "f", "runner_id": "r"}
    ends = [{"task_run_id": task, "end": "success"} for task in ("t1", "body")]
    week_ms = 7 * 24 * 3_600_000
    due_at = moment_to_text(desk.now_ms + week_ms)
    batch = desk.life.begin()
    batch.take(desk.read({"type": "task.finish", **about, "items": ends}))
    desk.now_ms += week_ms
    clock = {"type": "cancellation.clock", "flow_run_id": "f", "clock": "forget", "due_at": due_at}
    batch.take(desk.read(clock, signed=True))

    out = desk.commit(batch)

    assert entries(out)[-1].event.type == "flow.forgotten.v1"
    for topic, keys in {NAMES.flow_states: [b"f"], NAMES.task_states: [b"f/t1", b"f/body"]}.items():
        assert [record.key for record in written(out, topic)] == keys
        states = [orjson.loads(record.value or b"") for record in written(out, topic)]
        assert {state["state"] for state in states} == {"Finished.Success"}
    for topic in (NAMES.open_flows, NAMES.open_tasks):
        left = {r.key: r.value for r in written(out, topic) if r.key != POSITION_KEY}
        assert set(left.values()) == {None}
