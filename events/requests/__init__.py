"""Requests: imperative, and they may be refused."""

from rescind.events.requests.base import ITEMS_MAX, Lane, Request
from rescind.events.requests.cancellation import (
    CancellationAcknowledge,
    ExecutorReport,
    HeldAttempt,
    InfrastructureReport,
)
from rescind.events.requests.flow import BodySpec, FlowCancel, FlowFinish, FlowRegister, FlowStart
from rescind.events.requests.reading import (
    RECORD_BYTES_MAX,
    AnyRequest,
    Unreadable,
    read_request,
    request_adapter,
    write_request,
)
from rescind.events.requests.runner import RunnerLeave, RunnerRegister
from rescind.events.requests.service import (
    CancellationClock,
    ChildFinished,
    Clock,
    RequestDenied,
    RunnerForget,
    RunnerLost,
)
from rescind.events.requests.task import (
    Step,
    TaskCancel,
    TaskCleanup,
    TaskEnd,
    TaskFinish,
    TaskRegister,
    TaskSpec,
    TaskStart,
    TaskStopping,
    TaskToStart,
)

__all__ = [
    "ITEMS_MAX",
    "RECORD_BYTES_MAX",
    "AnyRequest",
    "BodySpec",
    "CancellationAcknowledge",
    "CancellationClock",
    "ChildFinished",
    "Clock",
    "ExecutorReport",
    "FlowCancel",
    "FlowFinish",
    "FlowRegister",
    "FlowStart",
    "HeldAttempt",
    "InfrastructureReport",
    "Lane",
    "Request",
    "RequestDenied",
    "RunnerForget",
    "RunnerLeave",
    "RunnerLost",
    "RunnerRegister",
    "Step",
    "TaskCancel",
    "TaskCleanup",
    "TaskEnd",
    "TaskFinish",
    "TaskRegister",
    "TaskSpec",
    "TaskStart",
    "TaskStopping",
    "TaskToStart",
    "Unreadable",
    "read_request",
    "request_adapter",
    "write_request",
]
