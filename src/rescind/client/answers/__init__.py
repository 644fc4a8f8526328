"""What the server answers, as frozen models; the names are those of `openapi.json`."""

from rescind.client.answers.bulks import (
    BulkAnswer,
    BulkCancellation,
    BulkItem,
    BulkProgress,
    BulkWhere,
    Cut,
)
from rescind.client.answers.cancelling import (
    Account,
    Agreed,
    ArmedShown,
    CancelAnswer,
    CancellationShown,
    CancellationState,
    Forecast,
    RunnerForecast,
    RunnerWaitedFor,
)
from rescind.client.answers.health import Alive, Lag, Ready
from rescind.client.answers.journal import Event, FollowedEvent
from rescind.client.answers.letters import (
    DeadLetter,
    DeadLetterWhole,
    LetterHeader,
    Lies,
    RetryAnswer,
)
from rescind.client.answers.runs import (
    Counts,
    FlowRun,
    FlowRunWhole,
    Group,
    HaltShown,
    PageOf,
    TaskState,
)
from rescind.client.answers.words import Actor, BulkOutcome, ErrorInfo, Fate, Outcome, ParentLink

__all__ = [
    "Account",
    "Actor",
    "Agreed",
    "Alive",
    "ArmedShown",
    "BulkAnswer",
    "BulkCancellation",
    "BulkItem",
    "BulkOutcome",
    "BulkProgress",
    "BulkWhere",
    "CancelAnswer",
    "CancellationShown",
    "CancellationState",
    "Counts",
    "Cut",
    "DeadLetter",
    "DeadLetterWhole",
    "ErrorInfo",
    "Event",
    "Fate",
    "FlowRun",
    "FlowRunWhole",
    "FollowedEvent",
    "Forecast",
    "Group",
    "HaltShown",
    "Lag",
    "LetterHeader",
    "Lies",
    "Outcome",
    "PageOf",
    "ParentLink",
    "Ready",
    "RetryAnswer",
    "RunnerForecast",
    "RunnerWaitedFor",
    "TaskState",
]
