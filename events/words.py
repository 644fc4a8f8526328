"""Small words that requests, events, intents and states share.

Ids of runs may come from elsewhere (Celery's, Airflow's), so they are strings with a few
forbidden characters, and nothing here makes one up. What a stranger can fill has a bound:
everything that is accepted has to fit into a record of the journal later.
"""

import math
from enum import StrEnum
from typing import Annotated, Final, Literal, cast

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    JsonValue,
    StringConstraints,
)

from rescind.events.moments import Moment, moment_from_text, moment_to_text

__all__ = [
    "Actor",
    "CascadePolicy",
    "ChosenId",
    "Clocks",
    "ElapsedMs",
    "End",
    "ErrorInfo",
    "Evidence",
    "Handle",
    "HostName",
    "How",
    "Labels",
    "Mode",
    "Moment",
    "Name",
    "ParentLink",
    "ReportedEvidence",
    "ResultRef",
    "Rung",
    "RunnerCapabilities",
    "Seconds",
    "StreamKind",
    "TaskKind",
    "Text",
    "Wire",
    "clipped",
    "moment_from_text",
    "moment_to_text",
]


class Wire(BaseModel):
    """What is written by this service: a field that this release does not know stops the reader.

    It may change what the fold must do, so half-reading it would write a guess into a state.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


_ID_PATTERN: Final = r"^[^@/\x00-\x1f\x7f-\x9f][^/\x00-\x1f\x7f-\x9f]*$"

ChosenId = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_ID_PATTERN)]
"""1 to 128 characters, no control characters, no ``/``, not beginning with ``@``."""

_TEXT_CHARACTERS_MAX: Final = 2_000

Text = Annotated[str, StringConstraints(max_length=_TEXT_CHARACTERS_MAX)]

HostName = Annotated[str, StringConstraints(max_length=255)]
"""A sentence for people; a longer one of a stranger is refused, one of ours is `clipped`."""


def clipped(text: str, characters_max: int = _TEXT_CHARACTERS_MAX) -> str:
    """The text, or as much of its beginning as fits with an ellipsis after it."""
    return text if len(text) <= characters_max else f"{text[: characters_max - 1]}…"


Name = Annotated[str, StringConstraints(min_length=1, max_length=256)]

ResultRef = Annotated[str, StringConstraints(max_length=2_000)]
"""Where a result is kept; the result itself is never stored here."""

_LABELS_MAX: Final = 64


def _few(value: object) -> object:
    # Before its items are looked at: each of 100,000 wrong ones would be an error of its own.
    if (count := _count(value)) > _LABELS_MAX:
        raise ValueError(f"expected at most {_LABELS_MAX} labels, but there are {count}")
    return value


def _count(value: object) -> int:
    return len(cast(dict[object, object], value)) if isinstance(value, dict) else 0


Labels = Annotated[
    dict[
        Annotated[str, StringConstraints(min_length=1, max_length=128)],
        Annotated[str, StringConstraints(max_length=256)],
    ],
    Field(max_length=_LABELS_MAX),
    BeforeValidator(_few),
]
"""At most 64 labels, keys of 128 and values of 256 characters at most."""

_JSON_BYTES_MAX: Final = 16_384


def _storable(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    try:
        written = orjson.dumps(value)
    except TypeError:
        raise ValueError("expected numbers of at most 64 bits, but got a larger one") from None
    if len(written) > _JSON_BYTES_MAX:
        raise ValueError(f"expected at most {_JSON_BYTES_MAX} bytes, but got {len(written)}")
    # A number that JSON cannot write is written as null: only then is it worth looking.
    if b"null" in written and not _is_finite(value):
        raise ValueError("expected finite numbers, but got NaN or Infinity")
    return value


def _is_finite(value: JsonValue) -> bool:
    if isinstance(value, dict):
        return all(_is_finite(item) for item in value.values())
    if isinstance(value, list):
        return all(_is_finite(item) for item in value)
    return not isinstance(value, float) or math.isfinite(value)


Evidence = dict[str, JsonValue]
"""What a runner saw: pids, signals, exit codes, survivors, times in ``…_ms``."""

ReportedEvidence = Annotated[
    Evidence,
    AfterValidator(_storable),
    Field(description="What the runner saw: at most 16 KiB, numbers of at most 64 bits."),
]
"""Evidence as a stranger may send it: at most 16 KiB, only numbers that can be written again.

Not for events: a reader of the journal must not be stricter than whoever wrote it.
"""

ElapsedMs = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""Milliseconds by one clock, small enough for every reader of JSON."""

Seconds = Annotated[float, Field(ge=0, le=31_536_000, allow_inf_nan=False)]


class StreamKind(StrEnum):
    """What a stream is about; the envelope names its id under the key given here."""

    FLOW = "flow_run_id"
    RUNNER = "runner_id"
    BULK = "bulk_id"
    PARTITION = "partition"  #: requests that name no run: they belong to where they lay


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
    DEADLINE = "deadline"  #: its deadline passed; unless its stop is confirmed, it may still run
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
    ancestors: Annotated[tuple[ChosenId, ...], Field(max_length=32), FailFast()] = ()
    """The parent's own ancestors, nearest last, as its grant names them."""

    @property
    def chain(self) -> tuple[str, ...]:
        """Every flow run above the child, nearest last."""
        return (*self.ancestors, self.flow_run_id)


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
    identity: Annotated[dict[str, JsonValue], Field(max_length=16), AfterValidator(_storable)]
    """By what the backend knows it, and knows it again: at most 16 KiB."""
    exclusive_to: ChosenId | None = None
    """The one flow run that may be ended by ending this; none: it is shared."""


class RunnerCapabilities(Wire):
    """What a runner's executor can do about running work; shown before anyone clicks Cancel."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    executor: Annotated[str, StringConstraints(max_length=64)] = "custom"
    can_stop_pending: bool = True
    can_interrupt: bool = False
    can_kill: bool = False
    can_tear_down: bool = False
    """It ends infrastructure of its scope from outside: the runner to be told to."""
    may_exit: bool = False
    """On abort the runner may flush its reports and exit, ending what it cannot stop."""
    survivors: Text = ""
