"""What each event does to the state, and what causes it: the table that users read.

Said once for people and checked by tests against what the state machine does. An event class
that is missing here, or changes a state otherwise than it says, fails a test.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

from rescind.events import journal as j

__all__ = ["EFFECTS", "Effect", "Subject", "event_classes"]

Subject = Literal["flow run", "task run", "runner", "bulk cancellation", "armed id", "nothing"]


@dataclass(frozen=True, slots=True)
class Effect:
    """What one event means for the state.

    Attributes:
        of: whose record it changes; a cancellation is one of a flow run or of a task run.
        becomes: the states that this event may lead to; empty when the state stays.
        keeps: what else is remembered from then on.
        causes: what it follows from: a type of request or of event (without its version), or,
            where that could be many, the service's own way in words.

    """

    of: tuple[Subject, ...]
    becomes: tuple[str, ...]
    keeps: str
    causes: tuple[str, ...]


_FAILED: Final = ("Finished.Failed", "Finished.Failed.Crashed", "Finished.Failed.TimedOut")

_FLOW: Final[dict[type[j.Event], Effect]] = {
    j.FlowRegistered: Effect(
        ("flow run",),
        ("Pending",),
        "all it says; an armed cancellation is used up",
        ("flow.register",),
    ),
    j.FlowStarted: Effect(
        ("flow run",), ("Running",), "its runner, its body, the start", ("flow.start",)
    ),
    j.FlowCancelling: Effect(
        ("flow run",),
        ("Running.Cancelling",),
        "the cancellation with its clocks; nothing more starts",
        ("flow.cancel", "runner.left", "runner.lost"),
    ),
    j.FlowCancelled: Effect(
        ("flow run",),
        ("Finished.Cancelled",),
        "the end and the account",
        ("settlement", "flow.cancel", "flow.register"),
    ),
    j.FlowSucceeded: Effect(
        ("flow run",),
        ("Finished.Success",),
        "the end and the result reference",
        ("task.finish", "flow.finish"),
    ),
    j.FlowFailed: Effect(
        ("flow run",),
        _FAILED,
        "the end and the error",
        ("task.finish", "flow.finish", "settlement"),
    ),
    j.FlowBodyFinished: Effect(
        ("flow run",),
        (),
        "the body's own end, as evidence",
        ("task.finish", "flow.finish"),
    ),
    j.FlowLateReport: Effect(("nothing",), (), "", ("flow.finish",)),
    j.FlowForgotten: Effect(
        ("flow run",), (), "nothing, the record is dropped", ("cancellation.clock",)
    ),
    j.FlowQuarantined: Effect(
        ("flow run",), (), "that it refuses everything", ("an impossible event",)
    ),
}

_TASK: Final[dict[type[j.Event], Effect]] = {
    j.TaskRegistered: Effect(
        ("task run",), ("Pending",), "all it says", ("task.register", "flow.start")
    ),
    j.TaskStarted: Effect(
        ("task run",),
        ("Running",),
        "its runner, the attempt, the start",
        ("task.start", "flow.start"),
    ),
    j.TaskRetrying: Effect(
        ("task run",),
        ("Pending.Retrying",),
        "the next attempt's number and time, the error",
        ("task.finish",),
    ),
    j.TaskCancelling: Effect(
        ("task run",),
        ("Running.Cancelling",),
        "the cancellation with its clocks; no further attempt",
        ("task.cancel",),
    ),
    j.TaskCancelled: Effect(
        ("task run",),
        ("Finished.Cancelled",),
        "how, whether its stop was seen, the evidence, who asked for it alone",
        (
            "task.finish",
            "task.cancel",
            "task.register",
            "flow.cancel",
            "flow.cancelling",
            "cancellation.acknowledged",
            "cancellation.clock_fired",
            "infrastructure.teardown",
            "runner.left",
            "runner.lost",
        ),
    ),
    j.TaskSucceeded: Effect(
        ("task run",),
        ("Finished.Success",),
        "the end and the result reference",
        ("task.finish",),
    ),
    j.TaskFailed: Effect(
        ("task run",),
        _FAILED,
        "the end, the error, the evidence",
        ("task.finish", "infrastructure.teardown", "runner.left", "runner.lost"),
    ),
    j.TaskLateReport: Effect(("nothing",), (), "", ("task.finish", "child.finished")),
    j.TaskStoppingReported: Effect(("task run",), (), "the last rung", ("task.stopping",)),
    j.TaskCleanupReported: Effect(("task run",), (), "", ("task.cleanup",)),
}

_CANCELLATION: Final[dict[type[j.Event], Effect]] = {
    j.CancellationArmed: Effect(
        ("armed id",), (), "the cancellation, until its time is over", ("flow.cancel",)
    ),
    j.CancellationLapsed: Effect(
        ("armed id",),
        (),
        "nothing, it is dropped",
        ("cancellation.clock", "cancellation.armed"),
    ),
    j.CancellationSent: Effect(
        ("flow run", "task run"),
        (),
        "who was told, and until when they have to acknowledge",
        (
            "flow.cancelling",
            "task.cancelling",
            "cancellation.escalated",
            "cancellation.clock_fired",
        ),
    ),
    j.CancellationAcknowledged: Effect(
        ("flow run", "task run"),
        (),
        "who has acknowledged; which attempts are held and can be stopped",
        ("cancellation.acknowledge",),
    ),
    j.CancellationEscalated: Effect(
        ("flow run", "task run"),
        (),
        "mode `abort`, no grace, the nearer deadline",
        ("flow.cancel", "task.cancel"),
    ),
    j.CancellationClockFired: Effect(
        ("flow run", "task run"), (), "that this clock has struck", ("cancellation.clock",)
    ),
    j.CancellationWarning: Effect(("flow run",), (), "", ("executor.report",)),
    j.ExecutorFailed: Effect(("flow run",), (), "", ("executor.report",)),
    j.InfrastructureTeardown: Effect(
        ("flow run",),
        (),
        "who was asked, until when it is waited for, and how it ended",
        (
            "infrastructure.report",
            "cancellation.clock",
            "cancellation.clock_fired",
            "runner.registered",
            "runner.left",
            "runner.lost",
        ),
    ),
}

_CHILD: Final[dict[type[j.Event], Effect]] = {
    j.ChildCancelSent: Effect(
        ("task run",),
        (),
        "that the child need not be told again",
        ("flow.cancelling", "task.cancelling", "child.given_up"),
    ),
    j.ChildNotCancelled: Effect(("task run",), (), "that it was left alone", ("flow.cancelling",)),
    j.ChildGivenUp: Effect(
        ("task run",),
        (),
        "that nobody holds its grant",
        ("task.finish", "runner.left", "runner.lost"),
    ),
    j.ChildEndSent: Effect(
        ("flow run",),
        (),
        "that the parent need not be told again",
        ("flow.succeeded", "flow.failed", "flow.cancelled"),
    ),
    j.ChildFinishedRecorded: Effect(
        ("task run",),
        ("Finished.Success", *_FAILED, "Finished.Cancelled"),
        "the child's end",
        ("child.finished",),
    ),
    j.ChildReleased: Effect(
        ("task run",),
        (),
        "that its parent has ended without it",
        ("flow.succeeded", "flow.failed", "flow.cancelled"),
    ),
}

_RUNNER: Final[dict[type[j.Event], Effect]] = {
    j.RunnerRegistered: Effect(("runner",), ("Registered",), "all it says", ("runner.register",)),
    j.RunnerLeft: Effect(
        ("runner",), ("Gone.Left",), "a stub that refuses its return", ("runner.leave",)
    ),
    j.RunnerLostRecorded: Effect(
        ("runner",), ("Gone.Lost",), "a stub that refuses its return", ("runner.lost",)
    ),
    j.RunnerForgotten: Effect(
        ("runner",), (), "nothing, the record is dropped", ("runner.forget",)
    ),
}

_BULK: Final[dict[type[j.Event], Effect]] = {
    j.BulkCreated: Effect(
        ("bulk cancellation",), ("Draft",), "all it says, who asked", ("bulk.create",)
    ),
    j.BulkCounted: Effect(
        ("bulk cancellation",),
        ("Draft.Counted",),
        "the count, the samples, the cut",
        ("bulk.count",),
    ),
    j.BulkStarted: Effect(("bulk cancellation",), ("Running",), "the start", ("bulk.start",)),
    j.BulkPaused: Effect(("bulk cancellation",), ("Paused",), "", ("bulk.pause",)),
    j.BulkResumed: Effect(("bulk cancellation",), ("Running",), "", ("bulk.resume",)),
    j.BulkProgressed: Effect(
        ("bulk cancellation",),
        (),
        "the cursor; how many were asked, and refused",
        ("bulk.progress",),
    ),
    j.BulkStopped: Effect(("bulk cancellation",), ("Finished.Stopped",), "the end", ("bulk.stop",)),
    j.BulkCompleted: Effect(
        ("bulk cancellation",), ("Finished.Completed",), "the end", ("bulk.progress",)
    ),
    j.BulkForgotten: Effect(
        ("bulk cancellation",), (), "nothing, the record is dropped", ("bulk.forget",)
    ),
}

_REQUEST: Final[dict[type[j.Event], Effect]] = {
    j.RequestRefused: Effect(("nothing",), (), "", ("any request",)),
    j.RequestForwarded: Effect(
        ("nothing",), (), "", ("any request on another partition than its stream's",)
    ),
    j.RequestDeniedRecorded: Effect(("nothing",), (), "", ("request.denied",)),
    j.RequestsLost: Effect(("nothing",), (), "", ("records that retention has removed",)),
}

EFFECTS: Final[Mapping[type[j.Event], Effect]] = MappingProxyType(
    _FLOW | _TASK | _CANCELLATION | _CHILD | _RUNNER | _BULK | _REQUEST
)


def event_classes() -> tuple[type[j.Event], ...]:
    """Every class of the union, in its order."""
    union, *_ = get_args(j.AnyEvent)
    return get_args(union)
