"""A journal held to what the reference says of it: schemas, causes, refusals."""

import inspect
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final, Protocol, cast

import orjson
from jsonschema import Draft202012Validator

from rescind.events.describe import EFFECTS, may_be_refused, request_classes, schemas, type_of
from rescind.events.journal import Entry, RequestRefused

__all__ = ["objections"]

_REQUESTS: Final = {type_of(model): model for model in request_classes()}


class _Problem(Protocol):
    message: str


class _Validator(Protocol):
    def iter_errors(self, instance: object) -> Iterator[_Problem]: ...


@cache
def _validator(event_type: str) -> _Validator:
    """Of one type alone: the union of all takes forty times as long."""
    defs = _definitions()
    schema = {"$ref": f"#/$defs/{event_type}", "$defs": defs}
    return cast(_Validator, Draft202012Validator(schema))


@cache
def _definitions() -> object:
    return schemas(inspect.getsource)["events"]["$defs"]


def objections(journal: Iterable[bytes]) -> Iterator[str]:
    """A sentence for everything in a journal that the reference does not say."""
    happened = dict[str, str]()
    for value in journal:
        entry = Entry.from_json(value)
        event = entry.event
        happened[entry.id] = event.type.rpartition(".v")[0]
        for problem in _validator(event.type).iter_errors(orjson.loads(value)):
            yield f"{entry.id} ({event.type}) is not valid: {problem.message}"
        if isinstance(event, RequestRefused) and event.request_type in _REQUESTS:
            model = _REQUESTS[event.request_type]
            if not may_be_refused(model, event.code):
                yield f"{entry.id}: {event.request_type} was refused as {event.code}"
        causes = EFFECTS[type(event)].causes
        if entry.cause is not None and "settlement" not in causes:
            cause = happened.get(entry.cause)
            if cause not in causes:
                yield f"{entry.id} ({event.type}) follows from {cause}"
