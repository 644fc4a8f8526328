"""Requests about a bulk cancellation: one entity that cancels many flow runs, and can be stopped.

It is created as a draft, counted by the service, and only then started: whoever starts it can
have seen what it means.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import FailFast, Field

from rescind.events.bulk import (
    PARTITIONS_MAX,
    SAMPLES_MAX,
    BulkCursor,
    BulkItem,
    Cut,
    FlowPredicate,
    Rate,
)
from rescind.events.requests.base import ITEMS_MAX, BulkRequest
from rescind.events.words import CascadePolicy, ChosenId, Mode, Moment, Seconds, Text

__all__ = [
    "BulkCount",
    "BulkCreate",
    "BulkForget",
    "BulkPause",
    "BulkProgress",
    "BulkResume",
    "BulkStart",
    "BulkStop",
]


class BulkCreate(BulkRequest):
    """Describe a bulk cancellation. It is counted, and cancels nothing before it is started."""

    type: Literal["bulk.create"] = "bulk.create"
    where: FlowPredicate
    reason: Text = ""
    mode: Mode = Mode.GRACEFUL
    grace_seconds: Seconds | None = None
    deadline_seconds: Seconds | None = None
    cascade: CascadePolicy | None = None
    """For all children of each flow run alike; left out, each child's own policy holds."""
    runs_per_second: Rate | None = None
    """How many flow runs are asked a second at most; left out, as many as can be."""


class BulkStart(BulkRequest):
    """Begin to cancel what was counted."""

    type: Literal["bulk.start"] = "bulk.start"
    confirmed_count: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    """How many flow runs whoever starts it knows it to mean: beyond a limit of the service it is
    needed, and has to be at least the count."""


class BulkPause(BulkRequest):
    """Ask no further flow run until it is resumed. What was asked goes on."""

    type: Literal["bulk.pause"] = "bulk.pause"


class BulkResume(BulkRequest):
    """Go on where it was paused."""

    type: Literal["bulk.resume"] = "bulk.resume"


class BulkStop(BulkRequest):
    """Ask no further flow run, for good. What was asked goes on."""

    type: Literal["bulk.stop"] = "bulk.stop"


class BulkCount(BulkRequest):
    """What the predicate means, and the cut: flow runs registered after it are never asked."""

    service_only: ClassVar[bool] = True

    type: Literal["bulk.count"] = "bulk.count"
    count: Annotated[int, Field(ge=0)]
    samples: Annotated[tuple[ChosenId, ...], Field(max_length=SAMPLES_MAX), FailFast()] = ()
    """The first of them, in the order of registration."""
    cut: Annotated[tuple[Cut, ...], Field(max_length=PARTITIONS_MAX), FailFast()] = ()
    """A partition that is not named had no flow run then."""


class BulkProgress(BulkRequest):
    """What came of the next flow runs that were asked, in the order of registration."""

    service_only: ClassVar[bool] = True

    type: Literal["bulk.progress"] = "bulk.progress"
    after: BulkCursor | None = None
    """The cursor that this goes on from: another one makes it stale."""
    items: Annotated[tuple[BulkItem, ...], Field(max_length=ITEMS_MAX), FailFast()] = ()
    cursor: BulkCursor | None = None
    """The last of the items."""
    last: bool = False
    """No flow run is left."""


class BulkForget(BulkRequest):
    """The time of one that is over, or was never started, has passed: it is dropped."""

    service_only: ClassVar[bool] = True

    type: Literal["bulk.forget"] = "bulk.forget"
    due_at: Moment
    """When that is due by its state: any other time makes it stale."""
