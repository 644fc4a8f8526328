"""Small words that requests, events, intents and states share.

A moment is whole milliseconds since 1970 in Python and an RFC 3339 string in UTC on the wire:
the broker's clock counts milliseconds, and comparing two ints is what the hot path does with
them. Ids of runs may come from elsewhere (Celery's, Airflow's), so they are strings with a few
forbidden characters, and nothing here makes one up.
"""

from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core.core_schema import ValidatorFunctionWrapHandler

__all__ = [
    "Actor",
    "CascadePolicy",
    "ChosenId",
    "Clocks",
    "End",
    "ErrorInfo",
    "Evidence",
    "Handle",
    "How",
    "Labels",
    "Mode",
    "Moment",
    "Name",
    "ParentLink",
    "ResultRef",
    "Rung",
    "RunnerCapabilities",
    "Seconds",
    "TaskKind",
    "Text",
    "Wire",
    "moment_from_text",
    "moment_to_text",
]


class Wire(BaseModel):
    """What is written by this service: a field that this release does not know stops the reader.

    It may change what the fold must do, so half-reading it would write a guess into a state.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


@lru_cache(maxsize=1024)  # A batch writes the same few moments many times: 1.9 µs each without.
def moment_to_text(at_ms: int) -> str:
    """RFC 3339 in UTC with milliseconds: ``2026-11-22T12:00:00.000Z``."""
    seconds, millis = divmod(at_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{millis:03d}Z"


def moment_from_text(text: str) -> int:
    """Milliseconds since 1970 of an RFC 3339 time with an offset.

    Raises:
        ValueError: not such a time, or one without an offset.

    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("expected a time with an offset such as Z, but there is none")
    return round(at.timestamp() * 1000)


def _read_moment(value: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> int:
    if info.mode == "json" or isinstance(value, str):
        if not isinstance(value, str):
            raise ValueError("expected an RFC 3339 time in a string")
        return moment_from_text(value)
    return int(handler(value))


Moment = Annotated[
    int,
    WrapValidator(_read_moment),
    PlainSerializer(moment_to_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""Milliseconds since 1970; on the wire RFC 3339, UTC, with milliseconds."""

_ID_PATTERN = r"^[^@/\x00-\x1f\x7f-\x9f][^/\x00-\x1f\x7f-\x9f]*$"

ChosenId = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_ID_PATTERN)]
"""1 to 128 characters, no control characters, no ``/``, not beginning with ``@``."""

Text = Annotated[str, StringConstraints(max_length=2_000)]
"""A sentence for people; longer ones are refused rather than cut."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=256)]

ResultRef = Annotated[str, StringConstraints(max_length=2_000)]
"""Where a result is kept; the result itself is never stored here."""

Labels = Annotated[
    dict[
        Annotated[str, StringConstraints(min_length=1, max_length=128)],
        Annotated[str, StringConstraints(max_length=256)],
    ],
    Field(max_length=64),
]
"""At most 64 labels, keys of 128 and values of 256 characters at most."""

Evidence = dict[str, JsonValue]
"""What a runner saw: pids, signals, exit codes, survivors, times in ``…_ms``."""

Seconds = Annotated[float, Field(ge=0, le=31_536_000, allow_inf_nan=False)]


class Mode(StrEnum):
    """How a cancellation proceeds."""

    GRACEFUL = "graceful"  #: ask, then interrupt, then terminate, then kill, by the ladder
    ABORT = "abort"  #: from the kill step at once


class End(StrEnum):
    """How an attempt or a flow run ended, as its runner reports it."""

    SUCCESS = "success"
    FAILED = "failed"
    CRASHED = "crashed"  #: the process or its runner died under it
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"


class How(StrEnum):
    """In what way something came to be cancelled: the claim that evidence has to carry."""

    GRACEFUL = "graceful"  #: it was interrupted and ended by itself
    FORCED = "forced"  #: it was killed, and seen to be gone
    DEADLINE = "deadline"  #: its deadline passed; it may still run
    RUNNER_LOST = "runner_lost"  #: its runner fell silent; it may still run
    NOT_HELD = "not_held"  #: its runner is alive and does not have it
    NEVER_STARTED = "never_started"  #: it was registered and never granted
    NOT_RETRIED = "not_retried"  #: it waited for its next attempt
    BY_RUNNER = "by_runner"  #: it ended so by itself; nobody had asked


class Rung(StrEnum):
    """The steps of the ladder, in rising order."""

    FLAG = "flag"
    INTERRUPT = "interrupt"
    TERMINATE = "terminate"
    KILL = "kill"


class TaskKind(StrEnum):
    """What a task run is."""

    TASK = "task"
    BODY = "body"  #: the flow's own code; its end is the end of the flow run
    CHILD = "child"  #: a flow run of its own, seen from its parent


class CascadePolicy(StrEnum):
    """What a cancelled parent does about a child flow run."""

    WAIT = "wait"  #: cancel it and wait for its end
    REQUEST = "request"  #: cancel it, do not wait
    NONE = "none"  #: leave it alone


class Actor(Wire):
    """Who asked. What a Kafka record says of its sender is a claim: see `verified`."""

    # A request of a newer client may carry more; its actor must not stop us.
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    kind: Literal["user", "runner", "service", "rule"]
    id: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    verified: bool = False
    """True only when the service's signature on the record was checked."""


class ErrorInfo(Wire):
    """An error of user code or of a backend, in words; never a pickled exception."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    type: Annotated[str, StringConstraints(max_length=256)]
    message: Annotated[str, StringConstraints(max_length=8_000)] = ""
    traceback: Annotated[str, StringConstraints(max_length=32_000)] | None = None


class ParentLink(Wire):
    """The edge from a child flow run to the task run of its parent that stands for it."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    flow_run_id: ChosenId
    task_run_id: ChosenId
    ancestors: Annotated[tuple[ChosenId, ...], Field(max_length=32)] = ()
    """The parent's own ancestors, nearest last; a chain of more than 32 is refused."""


class Clocks(Wire):
    """A flow run's own times; what is left out is the service's setting."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    acknowledge_seconds: Seconds | None = None
    grace_seconds: Seconds | None = None
    deadline_seconds: Seconds | None = None
    wait_seconds_max: Seconds | None = None
    abort_seconds: Seconds | None = None


class Handle(Wire):
    """Where a runner lives, so that it can be ended from outside when it does not answer."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    kind: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    scope: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    identity: Annotated[dict[str, JsonValue], Field(max_length=16)]
    exclusive_to: ChosenId | None = None
    """The one flow run that may be ended by ending this; none: it is shared."""


class RunnerCapabilities(Wire):
    """What a runner's executor can do about running work; shown before anyone clicks Cancel."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    executor: Annotated[str, StringConstraints(max_length=64)] = "custom"
    can_stop_pending: bool = True
    can_interrupt: bool = False
    can_kill: bool = False
    may_exit: bool = False
    """On abort the runner may flush its reports and exit, ending what it cannot stop."""
    survivors: Text = ""
