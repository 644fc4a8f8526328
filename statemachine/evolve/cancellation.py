"""The one cancelling of a run, as events begin it and move it on."""

from typing import assert_never

from rescind.events.journal import (
    CancellationAcknowledged,
    CancellationArmed,
    CancellationClockFired,
    CancellationEscalated,
    CancellationSent,
    CancellationTerms,
    Entry,
    FlowCancelled,
    TaskCancellationTerms,
)
from rescind.events.requests import Clock
from rescind.events.words import Mode
from rescind.statemachine.runs import Armed, Cancellation

__all__ = ["armed_by", "begun", "begun_and_over", "begun_before", "continued"]

REPEATS_KEPT = 16
"""How many later requests with an effect are remembered, to answer a duplicate by."""


def begun(terms: CancellationTerms | TaskCancellationTerms, entry: Entry) -> Cancellation:
    """The cancellation that an event begins."""
    cancellation = Cancellation(
        id=terms.cancellation_id,
        event_id=entry.id,
        request_id=entry.request_id,
        actor=entry.actor,
        reason=terms.reason,
        mode=terms.mode,
        named_end="cancelled",
        asked_ms=entry.at_ms,
        grace_seconds=terms.grace_seconds,
        acknowledge_ms=terms.acknowledge_at,
        deadline_ms=terms.deadline_at,
        wait_ms=terms.wait_until,
        traceparent=entry.traceparent,
    )
    if isinstance(terms, TaskCancellationTerms):
        return cancellation
    return cancellation._replace(
        named_end=terms.named_end, cascade=terms.cascade, bulk_id=terms.bulk_id
    )


def begun_and_over(event: FlowCancelled, entry: Entry) -> Cancellation:
    """The cancellation of a flow run that had nothing to stop: begun and over in one event."""
    return Cancellation(
        id=event.cancellation_id,
        event_id=entry.id,
        request_id=entry.request_id,
        actor=entry.actor,
        reason=event.reason,
        mode=event.mode,
        named_end="cancelled",
        asked_ms=entry.at_ms,
        grace_seconds=0.0,
        acknowledge_ms=entry.at_ms,
        deadline_ms=entry.at_ms,
        wait_ms=entry.at_ms,
        bulk_id=event.bulk_id,
        traceparent=entry.traceparent,
    )


def armed_by(event: CancellationArmed, entry: Entry) -> Armed:
    """The cancellation that waits for a flow run which nobody knows yet."""
    return Armed(
        flow_run_id=entry.stream_id,
        cancellation_id=event.cancellation_id,
        version=entry.version or 0,
        event_id=entry.id,
        request_id=entry.request_id,
        actor=entry.actor,
        reason=event.reason,
        mode=event.mode,
        at_ms=entry.at_ms,
        until_ms=event.until,
        traceparent=entry.traceparent,
    )


def begun_before(armed: Armed) -> Cancellation:
    """The cancellation of a flow run that is born cancelled: somebody had asked before."""
    return Cancellation(
        id=armed.cancellation_id,
        event_id=armed.event_id,
        request_id=armed.request_id,
        actor=armed.actor,
        reason=armed.reason,
        mode=armed.mode,
        named_end="cancelled",
        asked_ms=armed.at_ms,
        grace_seconds=0.0,
        acknowledge_ms=armed.at_ms,
        deadline_ms=armed.at_ms,
        wait_ms=armed.at_ms,
        traceparent=armed.traceparent,
    )


def continued(cancellation: Cancellation | None, entry: Entry) -> Cancellation | None:
    """The cancellation after an event on its way."""
    if cancellation is None:
        return None
    match entry.event:
        case CancellationSent() as sent:
            new = [runner for runner in sent.runner_ids if runner not in cancellation.told]
            return cancellation._replace(
                told=(*cancellation.told, *new), acknowledge_ms=sent.acknowledge_at
            )
        case CancellationAcknowledged() as said:
            if not said.last or said.runner_id in cancellation.acknowledged:
                return cancellation
            return cancellation._replace(acknowledged=(*cancellation.acknowledged, said.runner_id))
        case CancellationEscalated() as escalated:
            repeat = (entry.request_id or entry.id, entry.id)
            return cancellation._replace(
                mode=Mode.ABORT,
                grace_seconds=escalated.grace_seconds,
                deadline_ms=escalated.deadline_at,
                # Under an abort nothing is waited for beyond the deadline.
                wait_ms=min(cancellation.wait_ms, escalated.deadline_at),
                told=(),
                acknowledged=(),
                repeats=(*cancellation.repeats, repeat)[-REPEATS_KEPT:],
            )
        case CancellationClockFired() as fired:
            match fired.clock:
                case Clock.DEADLINE:
                    return cancellation._replace(deadline_fired=entry.id)
                case Clock.WAIT_SECONDS_MAX:
                    return cancellation._replace(wait_fired=entry.id)
                case Clock.ACKNOWLEDGE | Clock.TEARDOWN | Clock.ARMED | Clock.FORGET:
                    return cancellation
                case _:
                    assert_never(fired.clock)
        case _:
            return cancellation
