"""What a bulk cancellation is asked with over HTTP, and what it is shown as."""

from typing import Annotated, Any, Final, Literal

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, WithJsonSchema

from rescind.events.bulk import TOOK_EFFECT, Cut, FlowPredicate, Rate
from rescind.events.refusals import Code
from rescind.events.words import (
    Actor,
    CascadePolicy,
    ChosenId,
    Labels,
    Mode,
    Moment,
    Name,
    Seconds,
    Text,
)
from rescind.server.api.cancels.words import GraceSeconds
from rescind.server.api.reads.words import HaltShown
from rescind.statemachine.edges import is_finished, within
from rescind.statemachine.machine import BULK, FLOW

__all__ = [
    "BulkAnswer",
    "BulkCancellation",
    "BulkId",
    "BulkItem",
    "BulkOutcome",
    "BulkProgress",
    "BulkStates",
    "BulkWhere",
    "CreateBulk",
    "ItemOutcome",
    "StartBulk",
]

BulkId = Annotated[ChosenId, Path(description="The id of a bulk cancellation.")]

_CHOICES_MAX: Final = 100
_OUTCOMES: Final = (TOOK_EFFECT, *(code.value for code in Code))
_OPEN: Final = tuple(state for state in FLOW.states() if not is_finished(state))

# Not from a text or a truth value, as pydantic would have it.
_Seconds = Annotated[Seconds, Strict()]
_Rate = Annotated[Rate, Strict()]


def _open_state(name: str) -> str:
    if name not in _OPEN:
        known = ", ".join(_OPEN)
        raise ValueError(f"expected a state of flow runs that have not ended: one of {known}")
    return name


def _bulk_state(name: str) -> str:
    if not within(BULK.states(), {name}):
        raise ValueError("expected a state of bulk cancellations, such as Draft or Running")
    return name


def _outcome(name: str) -> str:
    if name not in _OUTCOMES:
        raise ValueError(f"expected {TOOK_EFFECT}, or the code of a refusal")
    return name


ItemOutcome = Annotated[
    str,
    AfterValidator(_outcome),
    WithJsonSchema({"type": "string", "enum": list(_OUTCOMES)}),
]
"""What came of the cancel of one flow run: it took effect, or the code of its refusal."""

BulkStates = Annotated[
    tuple[Annotated[str, Field(max_length=64), AfterValidator(_bulk_state)], ...],
    Query(alias="state", max_length=16, description="As Draft, with all that lies in it."),
]

_Names = Annotated[tuple[Name, ...], Field(max_length=_CHOICES_MAX)]
_OpenState = Annotated[
    str, AfterValidator(_open_state), WithJsonSchema({"type": "string", "enum": list(_OPEN)})
]


class BulkWhere(BaseModel):
    """Which flow runs are meant: of those that have not ended, the ones that fit all of this.

    Without anything in it, all of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: Labels = Field(default_factory=dict[str, str])
    """All of these, with these values."""
    names: _Names = ()
    """One of these."""
    namespaces: _Names = ()
    """One of these."""
    states: Annotated[tuple[_OpenState, ...], Field(max_length=_CHOICES_MAX)] = ()
    """One of these; `Running` with what is being cancelled."""
    parent: ChosenId | None = None
    """The flow run that they are children of."""

    def predicate(self) -> FlowPredicate:
        """As the wire has it."""
        return FlowPredicate(**dict(self))


class CreateBulk(BaseModel):
    """A bulk cancellation as it is to be; each flow run is cancelled in this way."""

    # A word that is not known would let more be cancelled than was meant.
    model_config = ConfigDict(frozen=True, extra="forbid")

    where: BulkWhere
    reason: Text = ""
    mode: Mode = Mode.GRACEFUL
    grace_seconds: GraceSeconds = None
    """None with an abort."""
    deadline_seconds: _Seconds | None = None
    cascade: CascadePolicy | None = None
    """For all children of each flow run alike; left out, each child's own policy holds."""
    runs_per_second: _Rate | None = None
    """How many flow runs are asked a second at most; left out, as many as can be."""

    def terms(self) -> dict[str, Any]:
        """All of it, as the wire has it."""
        return {**dict(self), "where": self.where.predicate()}


class StartBulk(BaseModel):
    """That it is to begin."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    confirmed_count: Annotated[int, Strict(), Field(ge=0, le=2**31 - 1)] | None = None
    """How many flow runs whoever starts it knows it to mean: needed where `needs_confirmation`
    is true, and then at least `count`."""


class BulkProgress(BaseModel):
    """How far it is."""

    asked: int
    """How many flow runs were asked."""
    of: int
    """How many were meant when they were counted; what has ended since is not asked."""
    outcomes: dict[str, int]
    """How many of each: `took_effect`, or the code of a refusal."""
    last_asked_at: Moment | None = None
    per_second: float | None = None
    """Its pace since it was started or resumed, while it runs."""
    seconds_left: float | None = None
    """How long it takes at this pace, while it runs."""


class BulkCancellation(BaseModel):
    """A bulk cancellation, as the read model has it."""

    bulk_id: str
    state: str
    """As `Draft.Counted`, `Running`, `Paused`, `Finished.Completed`."""
    is_finished: bool
    version: int
    where: BulkWhere
    reason: str
    mode: Mode
    grace_seconds: float | None = None
    deadline_seconds: float | None = None
    cascade: CascadePolicy | None = None
    runs_per_second: float | None = None
    created_at: Moment
    created_by: Actor | None = None
    started_at: Moment | None = None
    started_by: Actor | None = None
    finished_at: Moment | None = None
    forgotten_at: Moment | None = None
    """When the service forgot it: the id is free again."""
    count: int | None = None
    """How many flow runs it means; none before they are counted."""
    samples: tuple[str, ...] = ()
    """The first of them, in the order of registration."""
    cut: tuple[Cut, ...] = ()
    """What was registered later, by partition, is never asked."""
    needs_confirmation: bool = False
    """Whether it means so many that a start has to say `confirmed_count`."""
    progress: BulkProgress | None = None
    """None before it is started."""
    halt: HaltShown | None = None


class BulkItem(BaseModel):
    """What came of one flow run that was asked."""

    number: int
    """In the order in which they were asked, from 0 on."""
    flow_run_id: str
    outcome: str
    event_id: str
    """The event, or the refusal, that answered it in the flow run's stream."""
    at: Moment
    name: str | None = None
    """Of the flow run; none if it is not known here any more."""
    state: str | None = None
    """As it is now."""


BulkOutcome = Literal["created", "started", "paused", "resumed", "stopped", "unchanged", "accepted"]


class BulkAnswer(BaseModel):
    """What came of asking for something of a bulk cancellation."""

    outcome: BulkOutcome
    message: str
    """The same in a sentence."""
    bulk_id: str
    request_id: str
    bulk_cancellation: BulkCancellation | None = None
    """As it is then; none if the read model does not show it yet."""
