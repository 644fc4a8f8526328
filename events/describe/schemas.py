"""The JSON Schemas of everything on the wire, one document for each kind of record."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from rescind.events.describe.asking import request_classes
from rescind.events.describe.effects import EFFECTS, event_classes
from rescind.events.describe.jsonschema import Schema, SourceOf, definitions, description, union_of
from rescind.events.hooks import HookEvent
from rescind.events.intents import Canary, Heartbeat, Inbox, Reminder
from rescind.events.journal.base import Event
from rescind.events.journal.envelope import Envelope
from rescind.events.states import FlowState, TaskState
from rescind.events.words import StreamKind

__all__ = ["schemas", "type_of"]

_SIMPLE: Final[Mapping[str, tuple[str, tuple[type[BaseModel], ...]]]] = {
    "states": (
        "The value of a record in flow-states or task-states: all that a consumer needs.",
        (FlowState, TaskState),
    ),
    "inbox": (
        "The value of an inbox record: all that one transaction says to one runner.",
        (Inbox,),
    ),
    "reminders": (
        "The value of a reminder: what a runner is told again after a heartbeat.",
        (Reminder,),
    ),
    "heartbeats": (
        "The value of a record in heartbeats: a runner's, or the service's own canary.",
        (Heartbeat, Canary),
    ),
    "hooks": (
        "The body of a webhook, on no topic.",
        (HookEvent,),
    ),
}


def schemas(source_of: SourceOf) -> dict[str, Schema]:
    """Every document by its name, as ``requests``."""
    documents = {"requests": _requests(source_of), "events": _events(source_of)}
    for name, (about, models) in _SIMPLE.items():
        documents[name] = union_of(
            name,
            f"{about} Its reader ignores fields that it does not know.",
            [model.__name__ for model in models],
            definitions(models, source_of),
        )
    return documents


def type_of(model: type[BaseModel]) -> str:
    """The constant ``type`` of a request or event class."""
    return str(model.model_fields["type"].default)


def _requests(source_of: SourceOf) -> Schema:
    classes = request_classes()
    return union_of(
        "requests",
        "The value of a record in start-requests or stop-requests. What a field may hold is "
        "checked; fields that are not listed are ignored.",
        [model.__name__ for model in classes],
        definitions(classes, source_of),
    )


def _events(source_of: SourceOf) -> Schema:
    classes = event_classes()
    defs = definitions([Envelope, *classes], source_of, closed=True)
    envelope = defs["Envelope"]
    envelope["oneOf"] = [{"required": [kind.value]} for kind in StreamKind]
    # Each entry names its type; what is left of the envelope's own is a string and an object.
    for model in classes:
        payload = defs[model.__name__]
        del payload["properties"]["type"]
        payload["required"].remove("type")
        if not payload["required"]:
            del payload["required"]
        defs[type_of(model)] = _entry(model)
    return union_of(
        "events",
        "The value of a journal record: an envelope with the payload of its type. Fields that "
        "are not listed belong to a newer release, and a reader that folds has to stop there.",
        [type_of(model) for model in classes],
        defs,
    )


def _entry(model: type[Event]) -> Schema:
    required = ["version"] if model.versioned else []
    if type_of(model).startswith("task.") or EFFECTS[model].of == ("task run",):
        required.append("task_run_id")
    entry: Schema = {
        "description": description(model),
        "allOf": [{"$ref": "#/$defs/Envelope"}],
        "properties": {
            "type": {"const": type_of(model)},
            "data": {"$ref": f"#/$defs/{model.__name__}"},
        },
        "required": ["type", *required],
    }
    if not model.versioned:
        entry["not"] = {"required": ["version"]}
    return entry
