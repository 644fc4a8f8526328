"""A good journal with a bit of everything in it, and the means to make it a bad one."""

from collections.abc import Iterable
from typing import Any

from rescind.events.journal import Entry
from rescind.events.requests import Clock, FlowCancel, FlowRegister, FlowStart, Lane, TaskStopping
from rescind.events.requests import Step as Rung
from rescind.events.words import End, Mode
from rescind.events.words import Rung as RungName
from rescind.statemachine.audit import Auditor, Finding, FindingCode, Topic
from tests.scenario import given
from tests.words import (
    A,
    B,
    acknowledged,
    body_ended,
    cancel,
    cancel_task,
    ended,
    flow,
    granted,
    lost,
    other_runner,
    registered,
    runner,
    started,
    stopped,
    strikes,
    with_body,
)
from tests.world import NOON_MS, RUN, World

__all__ = ["audit", "codes", "edited", "index_of", "reached_by", "story"]


def story() -> World:
    """Flow runs: one cancelled, one crashed, one at work, one waiting, one cancelled early."""
    told = given(FlowCancel(flow_run_id="early"), FlowRegister(flow_run_id="early"))
    told.when(runner, other_runner, flow, with_body, registered("t1", "t2", "t3", "t1"))
    told.when(granted("t1"), granted("t2", by=B), granted("t9"), registered("t4"), granted("t4"))
    told.when(ended("t4", end=End.FAILED, retry_at=NOON_MS), cancel_task("t3"))
    told.when(FlowRegister(flow_run_id="crash"), FlowStart(flow_run_id="crash", runner_id=B))
    told.when(registered("c1", run="crash"), granted("c1", by=B, run="crash"))
    told.when(FlowRegister(flow_run_id="work"), FlowStart(flow_run_id="work", runner_id=A))
    told.when(registered("w1", "w2", run="work"), granted("w1", run="work"))
    told.when(ended("w1", run="work", result_ref="s3://w1"))
    told.when(cancel, cancel, rung(), acknowledged("body", "t1"))
    told.when(FlowCancel(flow_run_id=RUN, mode=Mode.ABORT), acknowledged("body", "t1"))
    told.when(lost(B), ended("t2", by=B), strikes(Clock.DEADLINE), body_ended(), stopped("t1"))
    told.when(FlowRegister(flow_run_id="wait", runner_id=A), World.sweep_all)
    told.when(FlowCancel(flow_run_id="armed"), started, granted("w1", run="work"), cancel)
    return told.world


def rung() -> TaskStopping:
    items = (Rung(task_run_id="t1", rung=RungName.FLAG, after_ms=1),)
    return TaskStopping(flow_run_id=RUN, runner_id=A, items=items)


def audit(
    entries: Iterable[Entry],
    records: dict[Topic, dict[str, bytes]] | None = None,
    reached: dict[Lane, int] | None = None,
) -> list[Finding]:
    """Everything that is wrong with a journal, and with the records beside it."""
    auditor = Auditor(0)
    for lane, offset in (reached or {}).items():
        auditor.must_reach(lane, offset)
    for offset, entry in enumerate(entries):
        auditor.see(offset, entry)
    for topic, of_topic in (records or {}).items():
        auditor.compare_states(topic, of_topic.items())
    return auditor.findings()


def reached_by(entries: list[Entry]) -> dict[Lane, int]:
    """The last record of each lane that a journal has an outcome of."""
    return {entry.source.lane: entry.source.offset for entry in entries if entry.source}


def codes(findings: list[Finding]) -> list[FindingCode]:
    return [finding.code for finding in findings]


def index_of(entries: list[Entry], event_type: str, **wanted: Any) -> int:
    """Where the one entry is that has this event, and these values in its envelope or payload."""
    found = [
        index
        for index, entry in enumerate(entries)
        if entry.event.type == f"{event_type}.v1"
        and all(getattr(entry, k, getattr(entry.event, k, None)) == v for k, v in wanted.items())
    ]
    assert len(found) == 1, [entries[index] for index in found]
    return found[0]


def edited(entries: list[Entry], index: int, **changes: Any) -> list[Entry]:
    """The journal with one entry changed: its envelope, or fields of its event."""
    entry = entries[index]
    of_event = {key: value for key, value in changes.items() if key not in Entry._fields}
    of_envelope = {key: value for key, value in changes.items() if key in Entry._fields}
    if of_event:
        of_envelope["event"] = entry.event.model_copy(update=of_event)
    return [*entries[:index], entry._replace(**of_envelope), *entries[index + 1 :]]
