"""What is agreed when a cancellation begins: its clocks as absolute times.

The request's own times go before the flow run's, those before the service's. No grace is an
abort, under whatever name it was asked for. Nothing here is ever computed twice: repeats find the
terms in the event.
"""

from typing import Final, NamedTuple

from rescind.events.journal import CancellationTerms, TaskCancellationTerms
from rescind.events.requests import FlowCancel, TaskCancel
from rescind.events.words import Clocks, Mode, Text
from rescind.statemachine.policy import Asked, Policy
from rescind.statemachine.runs import FlowRun

__all__ = [
    "TeardownTimes",
    "crash_terms",
    "flow_terms",
    "mode_of",
    "task_terms",
    "teardown_times",
]

_NO_CLOCKS: Final = Clocks()


def flow_terms(
    request: FlowCancel, asked: Asked, flow: FlowRun, policy: Policy
) -> CancellationTerms:
    """The terms of a cancellation that somebody asked for."""
    deadline = request.deadline_seconds
    own = flow.clocks.deadline_seconds
    if request.parent is not None and deadline is not None and own is not None:
        # Its parent's time bounds a child's own, and does not prolong it.
        deadline = min(deadline, own)
    times = _times(request.mode, request.grace_seconds, deadline, flow, policy)
    return CancellationTerms(
        cancellation_id=asked.event_id(0),
        reason=request.reason,
        mode=times.mode,
        named_end=request.named_end,
        grace_seconds=times.grace_seconds,
        acknowledge_at=asked.at_ms + times.acknowledge_ms,
        deadline_at=asked.at_ms + times.deadline_ms,
        wait_until=asked.at_ms + times.wait_ms,
        cascade=request.cascade,
        bulk_id=request.bulk_id,
    )


def task_terms(
    request: TaskCancel, asked: Asked, flow: FlowRun, policy: Policy
) -> TaskCancellationTerms:
    """The terms of the cancelling of one task run."""
    times = _times(request.mode, request.grace_seconds, request.deadline_seconds, flow, policy)
    return TaskCancellationTerms(
        cancellation_id=asked.event_id(0),
        reason=request.reason,
        mode=times.mode,
        grace_seconds=times.grace_seconds,
        acknowledge_at=asked.at_ms + times.acknowledge_ms,
        deadline_at=asked.at_ms + times.deadline_ms,
        wait_until=asked.at_ms + times.wait_ms,
    )


def crash_terms(
    cancellation_id: str, reason: Text, at_ms: int, flow: FlowRun, policy: Policy
) -> CancellationTerms:
    """The terms under which the service itself ends a flow run whose runner was lost."""
    times = _times(Mode.GRACEFUL, None, None, flow, policy)
    return CancellationTerms(
        cancellation_id=cancellation_id,
        reason=reason,
        mode=times.mode,
        named_end="crashed",
        grace_seconds=times.grace_seconds,
        acknowledge_at=at_ms + times.acknowledge_ms,
        deadline_at=at_ms + times.deadline_ms,
        wait_until=at_ms + times.wait_ms,
    )


class TeardownTimes(NamedTuple):
    """How long the end of infrastructure from outside may take."""

    grace_seconds: float
    """Given to what runs there."""
    again_ms: int
    """After so long without an end somebody is asked again."""
    until_ms: int
    """When it is given up, in milliseconds since 1970."""


def teardown_times(flow: FlowRun, at_ms: int, policy: Policy) -> TeardownTimes:
    """The times of a teardown that is ordered now: nobody waits for it beyond the deadline.

    In a flow run that nobody cancels that is as long as a cancellation would have had. Past the
    deadline it is the abort of what does not answer, and has the time of one.
    """
    clocks, cancellation = flow.clocks, flow.cancellation
    again = _first(clocks.acknowledge_seconds, policy.acknowledge_seconds)
    if cancellation is None:
        grace = _grace(None, clocks, policy)
        seconds = _first(clocks.deadline_seconds, policy.deadline_seconds)
    elif at_ms < cancellation.deadline_ms:
        grace = cancellation.grace_seconds
        seconds = (cancellation.deadline_ms - at_ms) / 1000
    else:
        grace = 0.0
        seconds = _first(clocks.abort_seconds, policy.abort_seconds)
    # At least a moment, or a clock that strikes at once would be set anew at once.
    again_ms = max(round(again * 1000), 1_000)
    return TeardownTimes(grace, again_ms, at_ms + round(seconds * 1000))


def mode_of(request: FlowCancel | TaskCancel, flow: FlowRun | None, policy: Policy) -> Mode:
    """What a cancel really asks for; `flow` is None while nobody knows the flow run."""
    clocks = _NO_CLOCKS if flow is None else flow.clocks
    return _mode(request.mode, _grace(request.grace_seconds, clocks, policy))


class _Times:
    def __init__(
        self, mode: Mode, grace_seconds: float, acknowledge: float, deadline: float, wait: float
    ) -> None:
        self.mode = mode
        self.grace_seconds = grace_seconds
        self.acknowledge_ms = round(acknowledge * 1000)
        self.deadline_ms = round(deadline * 1000)
        self.wait_ms = max(round(wait * 1000), self.deadline_ms)


def _times(
    mode: Mode, grace: float | None, deadline: float | None, flow: FlowRun, policy: Policy
) -> _Times:
    clocks = flow.clocks
    abort = _first(clocks.abort_seconds, policy.abort_seconds)
    grace_seconds = _grace(grace, clocks, policy)
    mode = _mode(mode, grace_seconds)
    graceful = mode is Mode.GRACEFUL
    return _Times(
        mode=mode,
        grace_seconds=grace_seconds if graceful else 0.0,
        acknowledge=_first(clocks.acknowledge_seconds, policy.acknowledge_seconds),
        deadline=_first(deadline, clocks.deadline_seconds, policy.deadline_seconds)
        if graceful
        else _first(deadline, abort),
        wait=_first(clocks.wait_seconds_max, policy.wait_seconds_max) if graceful else abort,
    )


def _mode(asked: Mode, grace_seconds: float) -> Mode:
    return asked if grace_seconds > 0 else Mode.ABORT


def _grace(asked: float | None, clocks: Clocks, policy: Policy) -> float:
    return _first(asked, clocks.grace_seconds, policy.grace_seconds)


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)
