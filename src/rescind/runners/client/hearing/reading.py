"""From the bytes of an inbox or a reminder to what a runner is told.

A runner may be older than the service. What it cannot read must not cost it the rest: an intent
beside a refusal of a code that it has never heard of is still an intent.
"""

from typing import Any, TypeVar, cast

import orjson
import structlog
from pydantic import BaseModel, ValidationError

from rescind.events import intents as wire

__all__ = ["read_told"]

M = TypeVar("M", wire.Inbox, wire.Reminder)

_log = structlog.get_logger(__name__)


def read_told(model: type[M], value: bytes | None) -> M | None:
    """The record, or as much of it as can be read; None if that is nothing."""
    try:
        return model.model_validate_json(value or b"")
    except ValidationError as error:
        _log.warning(
            "a part of what this runner is told cannot be read; is the service newer?",
            why=str(error.errors(include_url=False, include_input=False)[0]),
        )
        return _as_far_as_possible(model, value or b"")


def _as_far_as_possible(model: type[M], value: bytes) -> M | None:
    try:
        body = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(body, dict):
        return None
    readable = {
        name: _readable(model, name, content)
        for name, content in cast(dict[str, Any], body).items()
        if name in model.model_fields
    }
    try:
        return model.model_validate_json(orjson.dumps(readable))
    except ValidationError:
        return None


def _readable(model: type[BaseModel], name: str, content: object) -> object:
    """The items of a list that can be read; anything else as it is."""
    if not isinstance(content, list):
        return content
    items = cast(list[object], content)
    return [item for item in items if _fits(model, name, item)]


def _fits(model: type[BaseModel], name: str, item: object) -> bool:
    try:
        model.model_validate_json(orjson.dumps({"runner_id": "any", name: [item]}))
    except ValidationError:
        return False
    return True
