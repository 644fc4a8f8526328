"""Facts about a bulk cancellation. What became of each flow run is in that one's own stream too."""

from typing import Annotated, Literal

from pydantic import Field

from rescind.events.bulk import BulkCursor, BulkItem, BulkTally, Cut, FlowPredicate, Rate
from rescind.events.journal.base import Event
from rescind.events.words import CascadePolicy, ChosenId, Mode, Seconds, Text

__all__ = [
    "BulkCompleted",
    "BulkCounted",
    "BulkCreated",
    "BulkForgotten",
    "BulkPaused",
    "BulkProgressed",
    "BulkResumed",
    "BulkStarted",
    "BulkStopped",
]


class BulkCreated(Event):
    """Somebody described a bulk cancellation. Nothing is cancelled by it yet."""

    type: Literal["bulk.created.v1"] = "bulk.created.v1"
    where: FlowPredicate
    reason: Text = ""
    mode: Mode = Mode.GRACEFUL
    grace_seconds: Seconds | None = None
    deadline_seconds: Seconds | None = None
    cascade: CascadePolicy | None = None
    runs_per_second: Rate | None = None


class BulkCounted(Event):
    """What it means is known: how many flow runs, and the cut after which none is meant."""

    type: Literal["bulk.counted.v1"] = "bulk.counted.v1"
    count: Annotated[int, Field(ge=0)]
    samples: tuple[ChosenId, ...] = ()
    cut: tuple[Cut, ...] = ()


class BulkStarted(Event):
    """Flow runs are asked from now on."""

    type: Literal["bulk.started.v1"] = "bulk.started.v1"
    confirmed_count: Annotated[int, Field(ge=0)] | None = None


class BulkPaused(Event):
    """No further flow run is asked; those that had been are still told of."""

    type: Literal["bulk.paused.v1"] = "bulk.paused.v1"


class BulkResumed(Event):
    """It goes on at its cursor."""

    type: Literal["bulk.resumed.v1"] = "bulk.resumed.v1"


class BulkProgressed(Event):
    """These flow runs were asked, and this came of it: each once, in the order of registration."""

    type: Literal["bulk.progressed.v1"] = "bulk.progressed.v1"
    after: BulkCursor | None = None
    items: tuple[BulkItem, ...]
    cursor: BulkCursor


class BulkStopped(Event):
    """Nothing more is asked, for good; those that had been are still told of."""

    type: Literal["bulk.stopped.v1"] = "bulk.stopped.v1"


class BulkCompleted(Event):
    """Every flow run that was meant has been asked."""

    type: Literal["bulk.completed.v1"] = "bulk.completed.v1"
    tally: BulkTally


class BulkForgotten(Event):
    """Its record was dropped. Its id is unknown from now on."""

    type: Literal["bulk.forgotten.v1"] = "bulk.forgotten.v1"
