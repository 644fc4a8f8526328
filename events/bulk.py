"""Words of bulk cancellations: which flow runs are meant, up to which cut, how far it has got."""

from typing import Annotated, Final

from pydantic import FailFast, Field, StringConstraints

from rescind.events.refusals import Code
from rescind.events.words import ChosenId, Labels, Moment, Name, Wire

__all__ = [
    "PARTITIONS_MAX",
    "SAMPLES_MAX",
    "TOOK_EFFECT",
    "BulkCursor",
    "BulkItem",
    "BulkTally",
    "Cut",
    "FlowPredicate",
    "Rate",
]

PARTITIONS_MAX: Final = 1024
SAMPLES_MAX: Final = 20
"""How many of the flow runs that are meant a count names."""

TOOK_EFFECT: Final = "took_effect"
"""What is said of the cancel of a flow run that was not refused, where others say a code."""

_CHOICES_MAX: Final = 100

_Names = Annotated[tuple[Name, ...], Field(max_length=_CHOICES_MAX), FailFast()]
_State = Annotated[str, StringConstraints(min_length=1, max_length=64)]

Rate = Annotated[float, Field(ge=0.001, le=100_000, allow_inf_nan=False)]
"""Flow runs a second."""


class FlowPredicate(Wire):
    """Which flow runs are meant: of those that have not ended, the ones that fit all of this.

    A field that this release does not know is refused, also in a request: a condition that is not
    heard would let more be cancelled than was meant.
    """

    labels: Labels = Field(default_factory=dict)
    """All of these, with these values."""
    names: _Names = ()
    """One of these."""
    namespaces: _Names = ()
    """One of these."""
    states: Annotated[tuple[_State, ...], Field(max_length=_CHOICES_MAX), FailFast()] = ()
    """One of these, or of what is below them: `Running` is `Running.Cancelling` too."""
    parent: ChosenId | None = None
    """The flow run that they are children of."""


class Cut(Wire):
    """How far registrations of one partition are meant: not those after this time."""

    partition: Annotated[int, Field(ge=0, le=PARTITIONS_MAX - 1)]
    until: Moment


class BulkCursor(Wire):
    """The flow run that was asked last, in the order of registration."""

    registered_at: Moment
    flow_run_id: ChosenId


class BulkItem(Wire):
    """What came of the cancel of one flow run."""

    flow_run_id: ChosenId
    code: Code | None = None
    """Why it was refused; none: it had its effect."""
    event_id: Annotated[str, Field(min_length=1, max_length=256)]
    """The event, or the refusal, that answered it in the flow run's stream."""


class BulkTally(Wire):
    """How many flow runs were asked, and what came of that."""

    asked: Annotated[int, Field(ge=0)] = 0
    refused: dict[Code, Annotated[int, Field(ge=1)]] = Field(default_factory=dict[Code, int])
    """Of those: how many were refused, by code."""
