"""Each event of the journal as one line for a person.

`tell` is total: the union of events is closed, so the type checker finds an event that has no
words yet. A line says what is particular to this event; what stands in the envelope (when, which
run, which attempt) is put in front by whoever prints it.
"""

from datetime import tzinfo
from typing import Final, assert_never

from rescind.events.journal import (
    AnyEvent,
    CancellationAcknowledged,
    CancellationArmed,
    CancellationClockFired,
    CancellationEscalated,
    CancellationLapsed,
    CancellationSent,
    CancellationWarning,
    ChildCancelSent,
    ChildEndSent,
    ChildFinishedRecorded,
    ChildGivenUp,
    ChildNotCancelled,
    ChildReleased,
    Entry,
    ExecutorFailed,
    InfrastructureTeardown,
    RequestDeniedRecorded,
    RequestForwarded,
    RequestRefused,
    RequestsLost,
    RunnerForgotten,
    RunnerLeft,
    RunnerLostRecorded,
    RunnerRegistered,
)
from rescind.events.words import Actor
from rescind.telling.story_of_bulks import BULK_EVENTS, tell_bulk
from rescind.telling.story_of_runs import (
    FLOW_EVENTS,
    TASK_EVENTS,
    asked_by,
    tell_flow,
    tell_task,
)
from rescind.telling.words import actor, clock, counted, day_and_clock, plain, quoted, short

__all__ = ["style_of", "tell"]

CANCELLATION_EVENTS = (
    CancellationArmed
    | CancellationLapsed
    | CancellationSent
    | CancellationAcknowledged
    | CancellationEscalated
    | CancellationClockFired
    | CancellationWarning
    | ExecutorFailed
    | InfrastructureTeardown
)
CHILD_EVENTS = (
    ChildCancelSent
    | ChildNotCancelled
    | ChildEndSent
    | ChildFinishedRecorded
    | ChildGivenUp
    | ChildReleased
)
RUNNER_EVENTS = RunnerRegistered | RunnerLeft | RunnerLostRecorded | RunnerForgotten
REQUEST_EVENTS = RequestRefused | RequestForwarded | RequestDeniedRecorded | RequestsLost

# By the beginning of the type; the first that fits.
_STYLES: Final = (
    ("flow.cancelled", "bold magenta"),
    ("flow.cancelling", "bold yellow"),
    ("cancellation.escalated", "bold yellow"),
    ("flow.quarantined", "bold red"),
    ("requests.lost", "bold red"),
    ("cancellation.warning", "yellow"),
    ("cancellation.", "cyan"),
    ("executor.failed", "red"),
    ("task.stopping", "yellow"),
    ("task.cancelled", "magenta"),
    ("request.", "dim"),
    ("bulk.completed", "bold magenta"),
    ("bulk.", "cyan"),
    ("runner.lost", "red"),
    ("runner.", "dim"),
)
_ENDS_STYLES: Final = ((".succeeded", "green"), (".failed", "red"), (".late_report", "yellow"))


def style_of(event: AnyEvent) -> str:
    """The style of a line in rich's words; nothing for what is ordinary."""
    name = event.type
    for beginning, style in _STYLES:
        if name.startswith(beginning):
            return style
    return next((style for part, style in _ENDS_STYLES if part in name), "")


def tell(entry: Entry, zone: tzinfo | None = None) -> str:
    """What happened, on one line without colours; times in that zone, or as they are here."""
    event = entry.event
    if isinstance(event, FLOW_EVENTS):
        return tell_flow(event, entry, zone)
    if isinstance(event, TASK_EVENTS):
        return tell_task(event, entry.actor, zone)
    if isinstance(event, CANCELLATION_EVENTS):
        return _tell_cancellation(event, entry.actor, zone)
    if isinstance(event, CHILD_EVENTS):
        return _tell_child(event)
    if isinstance(event, RUNNER_EVENTS):
        return _tell_runner(event)
    if isinstance(event, BULK_EVENTS):
        return tell_bulk(event, entry.actor)
    return _tell_request(event, entry.actor)


def _tell_cancellation(event: CANCELLATION_EVENTS, who: Actor | None, zone: tzinfo | None) -> str:
    match event:
        case CancellationArmed():
            until = day_and_clock(event.until, zone)
            asked = asked_by(who, event.reason)
            return f"armed: nobody knows this id yet; kept until {until}; {asked}"
        case CancellationLapsed():
            return "no longer armed"
        case CancellationSent():
            return f"told {_runners(event.runner_ids)}"
        case CancellationAcknowledged():
            return f"acknowledged by {short(event.runner_id)}: {_held(event)}"
        case CancellationEscalated():
            deadline = clock(event.deadline_at, zone)
            return f"abort {asked_by(who)}; deadline {deadline}{_because(event.reason)}"
        case CancellationClockFired():
            return f"the clock {event.clock!s} struck"
        case CancellationWarning():
            return f"{plain(event.executor) or 'executor'} warns: {plain(event.message)}"
        case ExecutorFailed():
            return f"{plain(event.executor) or 'executor'} failed: {plain(event.message)}"
        case InfrastructureTeardown():
            return _teardown(event)
    assert_never(event)


def _teardown(event: InfrastructureTeardown) -> str:
    what = f"{plain(event.handle.kind)} of {short(event.target_runner_id)}"
    why = f": {plain(event.message or event.code)}" if event.message or event.code else ""
    outcome = event.outcome.replace("_", " ")
    if event.outcome == "asked" and event.runner_id is not None:
        outcome = f"asked of {short(event.runner_id)}"
    return f"teardown of the {what} {outcome}{why}"


def _tell_child(event: CHILD_EVENTS) -> str:
    match event:
        case ChildCancelSent():
            only = ", in case nobody has registered it" if event.only_unregistered else ""
            return f"cancel sent to child {short(event.child_flow_run_id)}{only}"
        case ChildNotCancelled():
            return f"child {short(event.child_flow_run_id)} left alone, as its policy says"
        case ChildEndSent():
            return f"parent {short(event.parent_flow_run_id)} told of the end: {event.end}"
        case ChildFinishedRecorded():
            return f"child {short(event.child_flow_run_id)} ended: {event.end}"
        case ChildGivenUp():
            return f"child {short(event.child_flow_run_id)} given up by whoever was to register it"
        case ChildReleased():
            return f"child {short(event.child_flow_run_id)} released: its end is not waited for"
    assert_never(event)


def _tell_runner(event: RUNNER_EVENTS) -> str:
    match event:
        case RunnerRegistered():
            can = event.capabilities
            return f"registered in pool {plain(event.pool)} with executor {plain(can.executor)}"
        case RunnerLeft():
            return f"left{_because(event.reason)}"
        case RunnerLostRecorded():
            return f"given up{_because(event.reason)}"
        case RunnerForgotten():
            return "forgotten: its id is unknown from now on"
    assert_never(event)


def _tell_request(event: REQUEST_EVENTS, who: Actor | None) -> str:
    match event:
        case RequestRefused():
            item = "" if event.item is None else f" (item {event.item})"
            asked = plain(event.request_type or "request")
            by = "" if who is None else f" of {actor(who)}"
            return f"{asked}{item}{by} refused {event.code}: {plain(event.message)}"
        case RequestForwarded():
            return f"sent on to partition {event.partition}"
        case RequestDeniedRecorded():
            asked = plain(event.asked)
            return f"{asked} denied to {actor(who)}: {plain(event.permission)} is missing"
        case RequestsLost():
            lost = counted(event.last - event.first + 1, "request")
            return f"{lost} lost to retention: offsets {event.first} to {event.last}"
    assert_never(event)


def _runners(runner_ids: tuple[str, ...]) -> str:
    shown = ", ".join(short(runner_id) for runner_id in runner_ids[:3])
    more = f" and {len(runner_ids) - 3} more" if len(runner_ids) > 3 else ""
    return f"{shown}{more}"


def _held(event: CancellationAcknowledged) -> str:
    if not event.held:
        return "holds nothing"
    cannot = [plain(held.task_run_id) for held in event.held if not held.can_stop]
    chunk = "" if event.last else f" (part {event.chunk + 1})"
    count = f"holds {len(event.held)}{chunk}"
    return f"{count}, cannot stop {', '.join(cannot[:5])}" if cannot else count


def _because(reason: str) -> str:
    return f": {quoted(reason)}" if reason else ""
