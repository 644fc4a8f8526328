"""Facts about requests that changed no run. Every request has an outcome; these are some."""

from typing import Annotated, Literal

from pydantic import Field

from rescind.events.journal.base import UnversionedEvent
from rescind.events.refusals import Code

__all__ = ["RequestDeniedRecorded", "RequestForwarded", "RequestRefused", "RequestsLost"]


class RequestRefused(UnversionedEvent):
    """The request, or one item of it, changed nothing."""

    type: Literal["request.refused.v1"] = "request.refused.v1"
    request_type: str | None = None
    code: Code
    message: str
    """What was expected, and what was there."""
    item: Annotated[int, Field(ge=0)] | None = None
    """Which item of the request's list; none: the request as a whole."""
    first: str | None = None
    """The id of the event, or of the cancellation, that had answered it before."""


class RequestForwarded(UnversionedEvent):
    """The record lay on the wrong partition; the broker has it on the right one."""

    type: Literal["request.forwarded.v1"] = "request.forwarded.v1"
    partition: Annotated[int, Field(ge=0)]
    """Where it was sent on to."""


class RequestDeniedRecorded(UnversionedEvent):
    """A door of the service turned somebody away."""

    type: Literal["request.denied.v1"] = "request.denied.v1"
    asked: str
    permission: str


class RequestsLost(UnversionedEvent):
    """Records that nobody will ever read: retention removed them before they were."""

    type: Literal["requests.lost.v1"] = "requests.lost.v1"
    first: Annotated[int, Field(ge=0)]
    """The first offset that is missing."""
    last: Annotated[int, Field(ge=0)]
    """The last offset that is missing."""
