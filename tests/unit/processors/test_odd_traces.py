"""What is no traceparent, or one that says more than this release knows, harms nobody.

Strangers write it into bodies and headers, and an earlier build has kept it in states and journals.
"""

from typing import Any

import orjson
import pytest

from rescind.events.intents import CancelFlow, CancelTask, Inbox
from rescind.events.journal import Entry
from rescind.events.requests import FlowCancel, read_request
from rescind.kafka.records import OutRecord, Record
from rescind.processors.lifecycle.errands import Errands
from rescind.processors.pipeline.clocks import ClockKeeper
from rescind.processors.watching.cancelling import Cancelling
from rescind.statemachine.partition import Partition
from rescind.statemachine.policy import Policy
from rescind.statemachine.records import OpenRecord, open_record, read_open
from rescind.statemachine.runs import Armed, FlowRun, TaskRun
from tests.unit.processors.desk import NAMES, Desk, entries, inboxes, written
from tests.world import NOON_MS

NAMED = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
KNOWN = f"00-{NAMED}"
LONG = f"01-{NAMED}-{'z' * 400}"
CANCEL = {"type": "flow.cancel", "flow_run_id": "f"}
ODD = ["", "nonsense", "ß" * 300, f"00-{NAMED}-more"]
LATER_MS = NOON_MS + 60_000


def child_of(desk: Desk) -> None:
    """A running flow run that waits for a child, and holds a task run beside it."""
    desk.begin(tasks=["t1"])
    about = {"flow_run_id": "f", "runner_id": "r"}
    child = {"task_run_id": "c", "kind": "child", "child_flow_run_id": "child"}
    desk.put({"type": "task.register", **about, "items": [child]}, lane="start")
    desk.put({"type": "task.start", **about, "items": [{"task_run_id": "c"}]}, lane="start")


def kept_in(desk: Desk, traceparent: str) -> Partition:
    """The state as a restart finds it, as if this had been kept in it."""

    def again(record: OpenRecord) -> Any:
        value = open_record(record, 1).replace(KNOWN.encode(), traceparent.encode())
        return read_open(value)

    base = desk.life.base
    for flow_run_id, flow in list(base.flows.items()):
        read = again(flow)
        assert isinstance(read, FlowRun)
        base.flows[flow_run_id] = flow._replace(cancellation=read.cancellation)
    for tasks in base.tasks.values():
        for task_run_id, task in list(tasks.items()):
            read = again(task)
            assert isinstance(read, TaskRun)
            tasks[task_run_id] = read
    for flow_run_id, armed in list(base.armed.items()):
        read = again(armed)
        assert isinstance(read, Armed)
        base.armed[flow_run_id] = read
    return base


def seen(cancelling: Cancelling, records: list[OutRecord], traceparent: str) -> None:
    for record in written(records, NAMES.cancellations):
        value = (record.value or b"").replace(KNOWN.encode(), traceparent.encode())
        assert Entry.from_json(value).traceparent == traceparent
        cancelling.see(Record(NAMES.cancellations, 0, 0, 0, b"f", value, ()))


@pytest.mark.parametrize("where", ["body", "header"])
def test_of_a_later_version_only_what_this_one_knows_is_carried_on(where: str) -> None:
    desk = Desk()
    child_of(desk)
    said, headers = {**CANCEL, "traceparent": LONG}, [("traceparent", LONG.encode())]

    records = desk.put(said) if where == "body" else desk.put(CANCEL, headers=headers)

    assert {entry.traceparent for entry in entries(records)} == {KNOWN}
    assert b"zz" not in b"".join(record.value or b"" for record in records)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("where", ["body", "header"])
def test_a_cancel_with_none_is_a_cancel_without_a_trace(where: str, odd: str) -> None:
    desk = Desk()
    child_of(desk)

    records = (
        desk.put({**CANCEL, "traceparent": odd})
        if where == "body"
        else desk.put(CANCEL, headers=[("traceparent", odd.encode())])
    )

    assert entries(records)[0].event.type == "flow.cancelling.v1"
    assert not [record for record in records if b"traceparent" in (record.value or b"")]


@pytest.mark.parametrize("kept", [LONG, "nonsense", "z" * 300])
def test_one_that_is_in_a_state_strikes_each_clock_and_tells_each_child(kept: str) -> None:
    desk = Desk()
    child_of(desk)
    desk.put({**CANCEL, "traceparent": KNOWN})
    desk.put({"type": "task.cancel", "flow_run_id": "f", "task_run_id": "t1"})
    desk.put({**CANCEL, "flow_run_id": "not-there", "traceparent": KNOWN})
    base = kept_in(desk, kept)
    cancellation = base.flows["f"].cancellation
    assert cancellation is not None
    assert cancellation.traceparent == base.armed["not-there"].traceparent == kept
    clocks, errands = ClockKeeper(Policy()), Errands()
    clocks.restore(base)
    errands.restore(base)

    struck = clocks.strike(LATER_MS + 7 * 86_400_000)
    taken = errands.take(base, LATER_MS, 10)

    expected = KNOWN if kept == LONG else None
    assert struck
    assert {request.traceparent for request in struck} - {None} == {expected} - {None}
    (told,) = [request for _, request in taken if isinstance(request, FlowCancel)]
    assert told.traceparent == expected


@pytest.mark.parametrize("kept", [LONG, "z" * 300])
def test_one_that_is_in_a_journal_is_folded_as_it_is_and_told_as_what_is_known(kept: str) -> None:
    desk = Desk()
    child_of(desk)
    cancelling = Cancelling()
    seen(cancelling, desk.put({**CANCEL, "traceparent": KNOWN}), kept)

    (missed,) = cancelling.missed_by("r", ["f"])

    assert isinstance(missed, CancelFlow)
    assert missed.traceparent == (KNOWN if kept == LONG else None)


@pytest.mark.parametrize("kept", [LONG, "z" * 300])
def test_a_runner_that_is_told_one_hears_the_rest(kept: str) -> None:
    desk = Desk()
    desk.begin(tasks=["t1"])
    base = desk.life.base
    desk.put({**CANCEL, "traceparent": KNOWN})
    flow = base.flows["f"]
    assert flow.cancellation is not None
    odd = flow.cancellation._replace(traceparent=kept)
    base.flows["f"] = flow._replace(cancellation=odd)

    start = {"type": "task.start", "flow_run_id": "f", "runner_id": "r"}
    (told,) = inboxes(desk.put({**start, "items": [{"task_run_id": "t2"}]}, lane="start"))
    heard = Inbox.model_validate_json(orjson.dumps(told))

    assert told["cancel_flow"][0].get("traceparent") == heard.cancel_flow[0].traceparent
    assert heard.cancel_flow[0].traceparent == (KNOWN if kept == LONG else None)


def test_what_is_asked_of_a_task_run_alone_is_told_likewise() -> None:
    desk = Desk()
    child_of(desk)
    cancelling = Cancelling()
    cancel = {"type": "task.cancel", "flow_run_id": "f", "task_run_id": "t1"}
    seen(cancelling, desk.put({**cancel, "traceparent": KNOWN}), LONG)

    (missed,) = cancelling.missed_by("r", ["f"])

    assert isinstance(missed, CancelTask)
    assert missed.traceparent == KNOWN


def test_what_is_no_text_is_refused_as_any_other_field() -> None:
    assert not isinstance(read_request(orjson.dumps({**CANCEL, "traceparent": 7}), ()), FlowCancel)
