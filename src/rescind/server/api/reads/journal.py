"""Events of the journal as JSON: for timelines, and for whoever follows."""

from typing import Any, Self

import orjson
from pydantic import BaseModel

from rescind.events.words import Moment
from rescind.server.readmodel.queries.answers import JournalEvent

__all__ = ["Event"]


class Event(BaseModel):
    """One record of the journal, and where it is."""

    partition: int
    offset: int
    at: Moment
    type: str | None
    task_run_id: str | None
    code: str | None
    """Of a refusal."""
    error: str | None
    """Why it could not be read, or could be read and not be folded."""
    entry: dict[str, Any] | None
    """The journal's own record; none if it is no JSON."""

    @classmethod
    def of(cls, event: JournalEvent) -> Self:
        return cls(
            partition=event.partition,
            offset=event.offset,
            at=event.at_ms,
            type=event.type,
            task_run_id=event.task_run_id,
            code=event.code,
            error=event.error,
            entry=_json(event.value),
        )


def _json(value: bytes | None) -> dict[str, Any] | None:
    try:
        body: Any = orjson.loads(value or b"null")
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None
