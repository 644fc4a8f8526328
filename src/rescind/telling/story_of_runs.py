"""The lines for events of flow runs and task runs; `story` has the rest and the rule."""

from datetime import tzinfo
from typing import assert_never

from rescind.events.journal import (
    Account,
    Entry,
    FlowBodyFinished,
    FlowCancelled,
    FlowCancelling,
    FlowFailed,
    FlowForgotten,
    FlowLateReport,
    FlowQuarantined,
    FlowRegistered,
    FlowStarted,
    FlowSucceeded,
    TaskCancellationTerms,
    TaskCancelled,
    TaskCancelling,
    TaskCleanupReported,
    TaskFailed,
    TaskLateReport,
    TaskRegistered,
    TaskRetrying,
    TaskStarted,
    TaskStoppingReported,
    TaskSucceeded,
)
from rescind.events.words import Actor, ErrorInfo
from rescind.telling.words import actor, clock, duration, plain, quoted, short

__all__ = [
    "FLOW_EVENTS",
    "TASK_EVENTS",
    "account_in_words",
    "asked_by",
    "tell_flow",
    "tell_task",
    "was_over_at_once",
]

FLOW_EVENTS = (
    FlowRegistered
    | FlowStarted
    | FlowCancelling
    | FlowCancelled
    | FlowSucceeded
    | FlowFailed
    | FlowBodyFinished
    | FlowLateReport
    | FlowForgotten
    | FlowQuarantined
)
TASK_EVENTS = (
    TaskRegistered
    | TaskStarted
    | TaskRetrying
    | TaskCancelling
    | TaskCancelled
    | TaskSucceeded
    | TaskFailed
    | TaskLateReport
    | TaskStoppingReported
    | TaskCleanupReported
)


def account_in_words(account: Account) -> str:
    """``3 stopped, 12 never started, 1 given up, not seen to stop, in 240 ms``."""
    # Of what crashed before the cancel some may be unconfirmed too: then this says too few, as
    # stopped is said of nothing but what was seen to stop.
    stopped = max(account.cancelled - account.unconfirmed, 0)
    counts = (
        (stopped, "stopped"),
        (account.never_started, "never started"),
        (account.not_retried, "not retried"),
        (account.succeeded, "succeeded"),
        (account.failed, "failed"),
        (account.unconfirmed, "given up, not seen to stop"),
    )
    said = [f"{count} {what}" for count, what in counts if count]
    # The body is not among them, and it may be what was running.
    return f"{', '.join(said) or 'no task runs'}, in {duration(account.took_ms)}"


def asked_by(who: Actor | None, reason: str = "", bulk_id: str | None = None) -> str:
    """``asked by ann, in the bulk cancellation b-1: “wrong date”``."""
    way = "" if bulk_id is None else f", in the bulk cancellation {plain(bulk_id)}"
    why = f": {quoted(reason)}" if reason else ""
    return f"asked by {actor(who)}{way}{why}"


def was_over_at_once(entry: Entry) -> bool:
    """Whether it is the answer to a cancel itself: there was nothing to stop."""
    event = entry.event
    return isinstance(event, FlowCancelled) and event.cancellation_id == entry.id


def tell_flow(event: FLOW_EVENTS, entry: Entry, zone: tzinfo | None) -> str:
    match event:
        case FlowRegistered():
            return f"registered as {quoted(event.name)} in {plain(event.namespace)}"
        case FlowStarted():
            return f"started by runner {short(event.runner_id)}"
        case FlowCancelling():
            return _cancelling(event, entry.actor, zone)
        case FlowCancelled():
            asked = asked_by(entry.actor, event.reason, event.bulk_id)
            at_once = f"; {asked}" if was_over_at_once(entry) else ""
            return f"cancelled: {account_in_words(event.account)}{at_once}"
        case FlowSucceeded():
            return "succeeded"
        case FlowFailed():
            account = "" if event.account is None else f"; {account_in_words(event.account)}"
            return f"{event.end}{_error(event.error)}{account}"
        case FlowBodyFinished():
            return f"its body ended {event.end}; the cancel came first and stands"
        case FlowLateReport():
            return f"late report of {short(event.runner_id)}: {event.end}; the state stays"
        case FlowForgotten():
            return "forgotten: its id is free"
        case FlowQuarantined():
            return f"quarantined: {plain(event.error)}"
    assert_never(event)


def _cancelling(event: FlowCancelling, who: Actor | None, zone: tzinfo | None) -> str:
    terms = event.terms
    named = "" if terms.named_end == "cancelled" else f"; it will count as {terms.named_end}"
    return (
        f"cancel {asked_by(who, terms.reason, terms.bulk_id)}; {terms.mode}, "
        f"grace {terms.grace_seconds:g} s, deadline {clock(terms.deadline_at, zone)}{named}"
    )


def tell_task(event: TASK_EVENTS, who: Actor | None, zone: tzinfo | None) -> str:
    match event:
        case TaskRegistered():
            kind = "" if event.kind == "task" else f" ({event.kind})"
            return f"registered as {quoted(event.name)}{kind}"
        case TaskStarted():
            return f"start granted to {short(event.runner_id)}"
        case TaskRetrying():
            again = clock(event.retry_at, zone)
            return f"{event.end}{_error(event.error)}; may be tried again {again}"
        case TaskCancelling():
            return f"{_asked_alone(event.terms, who)}; {event.terms.mode}"
        case TaskCancelled():
            asked = "" if event.terms is None else f"; {_asked_alone(event.terms, who)}"
            return f"cancelled, {event.how}{_seen(event)}{asked}"
        case TaskSucceeded():
            return "succeeded"
        case TaskFailed():
            return f"{event.end}{_error(event.error)}"
        case TaskLateReport():
            whose = "its child" if event.runner_id is None else short(event.runner_id)
            return f"late report of {whose}: {event.end}; the state stays"
        case TaskStoppingReported():
            return _rung(event)
        case TaskCleanupReported():
            why = f": {plain(event.message)}" if event.message else ""
            return f"clean-up {event.outcome} after {duration(event.after_ms)}{why}"
    assert_never(event)


def _asked_alone(terms: TaskCancellationTerms, who: Actor | None) -> str:
    reason = f": {quoted(terms.reason)}" if terms.reason else ""
    return f"cancel asked by {actor(who)}{reason}"


def _seen(event: TaskCancelled) -> str:
    """How much of the claim is proven, in the words of the evidence."""
    if not event.stopped_confirmed:
        return "; nobody has seen it stop"
    took = event.evidence.get("stop_ms")
    return f" in {duration(took)}" if isinstance(took, int | float) else ""


def _rung(event: TaskStoppingReported) -> str:
    why = f": {plain(event.message)}" if event.message else ""
    said = "" if event.outcome == "done" else f" {event.outcome}"
    return f"{event.rung}{said} after {duration(event.after_ms)}{why}"


def _error(error: ErrorInfo | None) -> str:
    if error is None:
        return ""
    message = f": {plain(error.message, 200)}" if error.message else ""
    return f", {plain(error.type)}{message}"
