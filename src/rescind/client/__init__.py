"""A client of the HTTP API, for programs that have no Kafka client: `Client` and `AsyncClient`.

It needs the extra ``client`` (httpx), and neither Kafka nor the service. `core` has all that both
clients do, `answers` what they answer with; `blocking` and `aio` carry it out.
"""

from typing import TYPE_CHECKING, Any

from rescind.client.answers import (
    Account,
    Actor,
    Agreed,
    Alive,
    ArmedShown,
    BulkAnswer,
    BulkCancellation,
    BulkItem,
    BulkOutcome,
    BulkProgress,
    BulkWhere,
    CancelAnswer,
    CancellationShown,
    CancellationState,
    ChildrenForecast,
    ChildShown,
    Counts,
    Cut,
    DeadLetter,
    DeadLetterWhole,
    ErrorInfo,
    Event,
    Fate,
    FlowRun,
    FlowRunWhole,
    FollowedEvent,
    Forecast,
    Group,
    HaltShown,
    Lag,
    LateReport,
    LetterHeader,
    Lies,
    Outcome,
    PageOf,
    ParentLink,
    Ready,
    RetryAnswer,
    Runner,
    RunnerCapabilities,
    RunnerForecast,
    RunnerWaitedFor,
    StepShown,
    TaskRunWhole,
    TaskState,
    TeardownFate,
    TeardownForecast,
    TeardownOutcome,
    TeardownShown,
    WarningShown,
)
from rescind.errors import ExtraMissingError

if TYPE_CHECKING:
    from rescind.client.aio.client import AsyncClient
    from rescind.client.aio.lists import AsyncListing
    from rescind.client.aio.stream import AsyncEventStream
    from rescind.client.blocking.client import Client
    from rescind.client.blocking.lists import Listing
    from rescind.client.blocking.stream import EventStream

__all__ = [
    "Account",
    "Actor",
    "Agreed",
    "Alive",
    "ArmedShown",
    "AsyncClient",
    "AsyncEventStream",
    "AsyncListing",
    "BulkAnswer",
    "BulkCancellation",
    "BulkItem",
    "BulkOutcome",
    "BulkProgress",
    "BulkWhere",
    "CancelAnswer",
    "CancellationShown",
    "CancellationState",
    "ChildShown",
    "ChildrenForecast",
    "Client",
    "Counts",
    "Cut",
    "DeadLetter",
    "DeadLetterWhole",
    "ErrorInfo",
    "Event",
    "EventStream",
    "Fate",
    "FlowRun",
    "FlowRunWhole",
    "FollowedEvent",
    "Forecast",
    "Group",
    "HaltShown",
    "Lag",
    "LateReport",
    "LetterHeader",
    "Lies",
    "Listing",
    "Outcome",
    "PageOf",
    "ParentLink",
    "Ready",
    "RetryAnswer",
    "Runner",
    "RunnerCapabilities",
    "RunnerForecast",
    "RunnerWaitedFor",
    "StepShown",
    "TaskRunWhole",
    "TaskState",
    "TeardownFate",
    "TeardownForecast",
    "TeardownOutcome",
    "TeardownShown",
    "WarningShown",
]

_WHERE = {
    "AsyncClient": "aio.client",
    "AsyncEventStream": "aio.stream",
    "AsyncListing": "aio.lists",
    "Client": "blocking.client",
    "EventStream": "blocking.stream",
    "Listing": "blocking.lists",
}


def __getattr__(name: str) -> Any:
    # Late: the answers can be used, and this module imported, where httpx is not installed.
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    try:
        module = import_module(f"{__name__}.{_WHERE[name]}")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("rescind"):
            raise
        raise ExtraMissingError("client", error.name) from None
    return getattr(module, name)
