"""What runners report while a cancellation is under way."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, FailFast, Field, StringConstraints

from rescind.events.requests.base import ITEMS_MAX, FlowRequest, Lane
from rescind.events.requests.task import AttemptNumber
from rescind.events.words import ChosenId, Handle, ReportedEvidence, Text

__all__ = [
    "CancellationAcknowledge",
    "CancellationId",
    "ExecutorReport",
    "HeldAttempt",
    "InfrastructureReport",
]

CancellationId = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class HeldAttempt(BaseModel):
    """An attempt that the runner has: from its grant until Kafka has the report of its end."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    task_run_id: ChosenId
    attempt: AttemptNumber = 1
    can_stop: bool = True


class CancellationAcknowledge(FlowRequest):
    """The runner knows of the cancellation and says what it holds.

    The list goes in numbered chunks of at most 500. Only after the chunk with ``last`` does
    an attempt that is in none of them count as not held.
    """

    lane: ClassVar[Lane] = "stop"

    type: Literal["cancellation.acknowledge"] = "cancellation.acknowledge"
    runner_id: ChosenId
    cancellation_id: CancellationId
    chunk: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    last: bool = True
    held: Annotated[tuple[HeldAttempt, ...], Field(max_length=ITEMS_MAX), FailFast()] = ()


class ExecutorReport(FlowRequest):
    """The executor failed at something, or warns of what it cannot do."""

    lane: ClassVar[Lane] = "stop"

    type: Literal["executor.report"] = "executor.report"
    runner_id: ChosenId
    cancellation_id: CancellationId | None = None
    outcome: Literal["failed", "warning"]
    executor: Annotated[str, StringConstraints(max_length=64)] = ""
    message: Text


class InfrastructureReport(FlowRequest):
    """What became of a teardown from outside."""

    lane: ClassVar[Lane] = "stop"

    type: Literal["infrastructure.report"] = "infrastructure.report"
    runner_id: ChosenId
    """The runner that does the teardown."""
    target_runner_id: ChosenId
    """The runner whose infrastructure is ended."""
    cancellation_id: CancellationId | None = None
    outcome: Literal["started", "done", "failed"]
    code: Annotated[str, StringConstraints(max_length=64)] = ""
    message: Text = ""
    handle: Handle
    evidence: ReportedEvidence = Field(default_factory=dict)
