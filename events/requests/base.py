"""What every request has: an id, who asks, and when they say it was.

A request that names no `request_id` gets its position in the lane as one. Unknown fields are
ignored, since a newer client may say more than this release can hear.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from rescind.events.traces import Traceparent
from rescind.events.words import Actor, ChosenId, Moment, Name, StreamKind

__all__ = [
    "ITEMS_MAX",
    "BulkRequest",
    "FlowRequest",
    "Lane",
    "Namespaces",
    "Request",
    "RunnerScoped",
]

Lane = Literal["start", "stop"]

ITEMS_MAX = 500
"""Items in one request: a list longer than this is refused whole."""

Namespaces = Annotated[tuple[Name, ...], Field(min_length=1, max_length=100)]


def _claimed(actor: Actor) -> Actor:
    # Anybody can write `"verified": true`; only a checked signature makes it so.
    return actor.model_copy(update={"verified": False}) if actor.verified else actor


class Request(BaseModel):
    """Something asked of the service. It may be refused."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    lane: ClassVar[Lane]
    stream_kind: ClassVar[StreamKind]
    service_only: ClassVar[bool] = False
    """True for what only the service itself may ask; it must carry the service's signature."""

    request_id: Annotated[str, StringConstraints(min_length=1, max_length=512)] | None = None
    """Chosen by the sender, and the same when it asks the same again; if it is left out, the
    record's position."""
    actor: Annotated[Actor, AfterValidator(_claimed)] | None = None
    """Who the sender says asks: never verified here."""
    at: Moment | None = None
    """When the sender says that it asked; informative, no rule reads it."""
    traceparent: Traceparent = None
    """As W3C Trace Context has it; it comes back in every entry that answers this. One that is
    malformed is left out, and refuses nothing."""


class FlowRequest(Request):
    """A request whose stream is a flow run."""

    stream_kind: ClassVar[StreamKind] = StreamKind.FLOW

    flow_run_id: ChosenId

    @property
    def stream_id(self) -> str:
        """The key that decides the partition."""
        return self.flow_run_id


class RunnerScoped(Request):
    """A request about a runner in one partition, which is a stream of its own there.

    It names its partition and is never forwarded: the same runner is registered in each
    partition that it uses.
    """

    stream_kind: ClassVar[StreamKind] = StreamKind.RUNNER

    runner_id: ChosenId
    partition: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    """The partition that it is meant for; on another one it is refused."""

    @property
    def stream_id(self) -> str:
        """The runner; its stream lives in the partition that the record is in."""
        return self.runner_id


class BulkRequest(Request):
    """A request whose stream is a bulk cancellation."""

    lane: ClassVar[Lane] = "stop"
    stream_kind: ClassVar[StreamKind] = StreamKind.BULK

    bulk_id: ChosenId

    @property
    def stream_id(self) -> str:
        """The key that decides the partition."""
        return self.bulk_id
