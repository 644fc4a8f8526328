"""Records of the journal, of a timeline or as they come."""

from collections.abc import Mapping
from typing import Any

from pydantic import AwareDatetime

from rescind.client.answers.words import Answer

__all__ = ["Event", "FollowedEvent"]


class Event(Answer):
    """One record of the journal, and where it is."""

    partition: int
    offset: int
    at: AwareDatetime
    type: str | None = None
    """As ``flow.cancelling.v1``."""
    task_run_id: str | None = None
    code: str | None = None
    """Of a refusal."""
    error: str | None = None
    """Why it could not be read, or could be read and not be folded."""
    entry: Mapping[str, Any] | None = None
    """The journal's own record; none if it is no JSON."""


class FollowedEvent(Event):
    """One record of the journal as it came. Following ``after`` its `id` goes on behind it."""

    id: str
