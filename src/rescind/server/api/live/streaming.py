"""Server-sent events as they are written: bytes that one reader has made for all.

FastAPI has a way of its own for this, which makes each event anew for each client and takes it
through two queues. With 500 clients that was most of what they waited for, so an operation here
answers with a response of its own.
"""

from collections.abc import AsyncIterator
from typing import Any, Final

from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

__all__ = ["ITEMS", "KEEP_ALIVE", "EventStream", "written"]

KEEP_ALIVE: Final = format_sse_event(comment="nothing new")

_ITEM: Final = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/Event"},
        },
    },
    "required": ["id"],
}

ITEMS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Events, until either side ends it",
        "content": {"text/event-stream": {"itemSchema": _ITEM}},
    }
}
"""How the OpenAPI document describes such an answer."""


class EventStream(StreamingResponse):
    """An answer that goes on. Neither kept by whoever is between, nor held back by a proxy."""

    media_type = "text/event-stream"

    def __init__(self, parts: AsyncIterator[bytes]) -> None:
        super().__init__(parts, headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})


def written(
    *,
    data: str | None = None,
    event: str | None = None,
    id: str | None = None,  # noqa: A002 - the field's name
    comment: str | None = None,
) -> bytes:
    """One event as it is sent."""
    return format_sse_event(data_str=data, event=event, id=id, comment=comment)
