"""Every event that there is: the closed union that readers of the journal are checked against."""

from typing import Annotated

from pydantic import Field, TypeAdapter

from rescind.events.journal.bulk import (
    BulkCompleted,
    BulkCounted,
    BulkCreated,
    BulkForgotten,
    BulkPaused,
    BulkProgressed,
    BulkResumed,
    BulkStarted,
    BulkStopped,
)
from rescind.events.journal.cancellation import (
    CancellationAcknowledged,
    CancellationArmed,
    CancellationClockFired,
    CancellationEscalated,
    CancellationLapsed,
    CancellationSent,
    CancellationWarning,
    ExecutorFailed,
    InfrastructureTeardown,
)
from rescind.events.journal.child import (
    ChildCancelSent,
    ChildEndSent,
    ChildFinishedRecorded,
    ChildGivenUp,
    ChildNotCancelled,
    ChildReleased,
)
from rescind.events.journal.flow import (
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
)
from rescind.events.journal.request import (
    RequestDeniedRecorded,
    RequestForwarded,
    RequestRefused,
    RequestsLost,
)
from rescind.events.journal.runner import (
    RunnerForgotten,
    RunnerLeft,
    RunnerLostRecorded,
    RunnerRegistered,
)
from rescind.events.journal.task import (
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

__all__ = ["AnyEvent", "event_adapter"]

AnyEvent = Annotated[
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
    | TaskRegistered
    | TaskStarted
    | TaskRetrying
    | TaskCancelling
    | TaskCancelled
    | TaskSucceeded
    | TaskFailed
    | TaskLateReport
    | TaskStoppingReported
    | TaskCleanupReported
    | CancellationArmed
    | CancellationLapsed
    | CancellationSent
    | CancellationAcknowledged
    | CancellationEscalated
    | CancellationClockFired
    | CancellationWarning
    | ExecutorFailed
    | InfrastructureTeardown
    | ChildCancelSent
    | ChildNotCancelled
    | ChildEndSent
    | ChildFinishedRecorded
    | ChildGivenUp
    | ChildReleased
    | RunnerRegistered
    | RunnerLeft
    | RunnerLostRecorded
    | RunnerForgotten
    | BulkCreated
    | BulkCounted
    | BulkStarted
    | BulkPaused
    | BulkResumed
    | BulkProgressed
    | BulkStopped
    | BulkCompleted
    | BulkForgotten
    | RequestRefused
    | RequestForwarded
    | RequestDeniedRecorded
    | RequestsLost,
    Field(discriminator="type"),
]

event_adapter: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
