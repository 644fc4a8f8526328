"""The reference pages: every event, and every request, with all that there is to say of each."""

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Final, cast

from rescind.events.describe.asking import ALWAYS, ASKED, request_classes
from rescind.events.describe.effects import EFFECTS, Effect, event_classes
from rescind.events.describe.jsonschema import Schema
from rescind.events.describe.markdown import code, fields_table, needed, prose, table
from rescind.events.describe.schemas import type_of
from rescind.events.journal.base import Event
from rescind.events.refusals import Code
from rescind.events.requests.base import ITEMS_MAX, Request
from rescind.events.requests.nesting import NESTING_MAX
from rescind.events.requests.reading import RECORD_BYTES_MAX

__all__ = ["events_page", "requests_page"]

_GENERATED: Final = "<!-- Made by `make schema` from the models; edit those. -->\n"

_COMMON: Final = ("type", "request_id", "actor", "at", "traceparent")


def events_page(schemas: Mapping[str, Schema]) -> str:
    """``docs/reference/events.md``."""
    defs = cast(dict[str, Schema], schemas["events"]["$defs"])
    families: dict[str, list[type[Event]]] = {}
    for model in event_classes():
        families.setdefault(type_of(model).partition(".")[0], []).append(model)
    parts = [
        _GENERATED,
        _EVENTS_INTRODUCTION,
        "## Envelope\n",
        prose(defs["Envelope"]["description"]) + "\n",
        fields_table(defs["Envelope"]),
        "### SourceRecord\n",
        fields_table(defs["SourceRecord"]),
        "## All events\n",
        _EVENTS_LEGEND,
    ]
    for family, models in families.items():
        parts += [f"### {family}\n", _effects_table(models, defs)]
    parts.append("## Payloads\n")
    for model in chain.from_iterable(families.values()):
        payload = defs[model.__name__]
        if payload["properties"]:
            parts += [f"### {type_of(model)}\n", prose(model.__doc__ or "") + "\n"]
            parts.append(fields_table(payload))
    shown = {model.__name__ for model in event_classes()} | {"Envelope", "SourceRecord"}
    parts += ["## Shared words\n", *_words(defs, shown)]
    return "\n".join(parts)


def _effects_table(models: Iterable[type[Event]], defs: Mapping[str, Schema]) -> str:
    rows: list[tuple[str, ...]] = []
    for model in models:
        effect = EFFECTS[model]
        rows.append(
            (
                code(type_of(model)),
                prose(model.__doc__ or ""),
                needed(defs[model.__name__]) or "nothing",
                _effect_words(effect),
                "yes" if model.versioned else "no",
                ", ".join(code(cause) if "." in cause else cause for cause in effect.causes),
            )
        )
    return table(
        ("event", "what happened", "payload", "effect on the state", "version", "caused by"), rows
    )


def _effect_words(effect: Effect) -> str:
    if effect.of == ("nothing",):
        return "none"
    states = ", ".join(code(state) for state in effect.becomes)
    stays = f"becomes {states}" if states else "stays as it is"
    kept = f"; remembered: {effect.keeps}" if effect.keeps else ""
    return f"{' or '.join(effect.of)} {stays}{kept}"


def requests_page(schemas: Mapping[str, Schema]) -> str:
    """``docs/reference/requests.md``."""
    defs = cast(dict[str, Schema], schemas["requests"]["$defs"])
    first = defs[request_classes()[0].__name__]
    common = {**first, "properties": {name: first["properties"][name] for name in _COMMON}}
    common["properties"]["type"] = {"type": "string", "description": "As `flow.cancel`."}
    parts = [
        _GENERATED,
        _REQUESTS_INTRODUCTION,
        "## All requests\n",
        _requests_table(),
        "## Fields that every request has\n",
        fields_table(common),
        "## Fields of each request\n",
    ]
    for model in request_classes():
        parts += [f"### {type_of(model)}\n", prose(model.__doc__ or "") + "\n"]
        parts.append(fields_table(defs[model.__name__], _COMMON))
    parts += ["## Shared words\n", *_words(defs, {model.__name__ for model in request_classes()})]
    parts += ["## Refusals\n", _REFUSALS_INTRODUCTION, _refusals_table()]
    inbox = cast(dict[str, Schema], schemas["inbox"]["$defs"])
    parts += ["## The inbox\n", _INBOX_INTRODUCTION, fields_table(inbox["Inbox"])]
    parts += _words(inbox, {"Inbox", *defs})
    return "\n".join(parts)


def _requests_table() -> str:
    rows: list[tuple[str, ...]] = []
    for model in request_classes():
        asked = ASKED[model]
        rows.append(
            (
                f"[{type_of(model)}](#{type_of(model).replace('.', '')})",
                code(model.lane),
                _stream_of(model),
                asked.by,
                asked.answered,
                ", ".join(code(refusal) for refusal in asked.refusals),
            )
        )
    heads = ("request", "lane", "stream", "who may ask", "the inbox answers", "may be refused as")
    return table(heads, rows)


def _stream_of(model: type[Request]) -> str:
    return code(model.stream_kind)


def _refusals_table() -> str:
    rows: list[tuple[str, ...]] = []
    for refusal in Code:
        types = [type_of(model) for model in request_classes() if refusal in ASKED[model].refusals]
        who = "any request" if refusal in ALWAYS else ", ".join(map(code, types))
        rows.append((code(refusal), refusal.meaning, refusal.remedy, who))
    return table(("code", "what is the case", "what to do", "of"), rows)


def _words(defs: Mapping[str, Schema], shown: set[str]) -> list[str]:
    """The shared words that the fields above point to."""
    parts: list[str] = []
    for name, schema in sorted(defs.items()):
        if name in shown or "." in name or name == "JsonValue":
            continue
        parts.append(f"### {name}\n")
        if "description" in schema:
            parts.append(prose(schema["description"]) + "\n")
        if "properties" in schema:
            parts.append(fields_table(schema))
        elif "enum" in schema and name != "Code":
            parts.append(", ".join(code(word) for word in schema["enum"]) + "\n")
    return parts


_EVENTS_INTRODUCTION: Final = """\
# Events

What the journal (`rescind.journal`) holds: facts, past tense, never edited. Each record is a
CloudEvent 1.0 in binary mode; its value is an envelope with the payload in `data`. The journal
alone rebuilds every state. Schema: `events/schema/events.json`; all topics:
`events/schema/asyncapi.json`.

The number at the end of a type is its version. A new shape is a new type with the next number,
and old ones stay readable for ever. A reader that folds events stops at a type or a field that
it does not know: it belongs to a newer release.
"""

_EVENTS_LEGEND: Final = """\
A field with a question mark may be missing. *Version* says whether the event counts in
`version`, the number of the events that changed the stream. *Caused by* names requests and
events; an event that no request caused has the id of what led to it in `cause`. *Settlement* is
the end of a cancelling flow run once nothing of it is open.
"""

_REQUESTS_INTRODUCTION: Final = f"""\
# Requests

What the service can be asked, by one JSON object in a record of `rescind.start-requests` or
`rescind.stop-requests`. A stranger can cancel with one record:
`{{"type":"flow.cancel","flow_run_id":"..."}}` to `rescind.stop-requests`, without headers, with
or without a key, on any partition. A missing `request_id` is taken to be the record's position.
Headers of a CloudEvent (`ce_type`, `ce_subject`, `ce_id`, `content-type`), if they are there,
have to agree with the value. Schema: `events/schema/requests.json`.

A request is `unreadable` as a whole, with the path of its first error, if it is no JSON object
in UTF-8, of a type that is not listed, with a wrong type or a bad id anywhere, larger than
{RECORD_BYTES_MAX} bytes with its headers, with more than {ITEMS_MAX} items, or nested deeper than
{NESTING_MAX}. Its bytes go to `rescind.dead-letters`; of what is too large for that, the beginning,
with the whole size in `rescind-truncated`. Fields that are not listed are ignored. Otherwise each
item of a list is decided for itself.

What only the service may ask, and an actor that counts as verified, needs the service's
signature over the value in the header `rescind-signature`. `verified` in a request is ignored.
"""

_REFUSALS_INTRODUCTION: Final = """\
A refusal is an answer and changes nothing. It is in the journal as `request.refused.v1`, with
the code, a sentence and the item it is about; the runner that asked finds it in its inbox.
"""

_INBOX_INTRODUCTION: Final = """\
What a runner is told, in `rescind.inbox` under its `runner_id`, on the partitions of the flow
runs that it serves: everything that one transaction has to say to it in one record, so that a
grant and an intent never overtake each other. All of it can come twice and is to be done once.
A reminder (`rescind.reminders`) repeats `cancel_flow`, `cancel_task` and `lost` after a
heartbeat.

A runner beats every 5 seconds into `rescind.heartbeats`:
`{"runner_id":"...","flow_run_ids":["..."],"at":"..."}`, with the `runner_id` as the key. Its
reminders come on the partition that murmur2 of the `runner_id` gives, as Java's client chooses
it. There its heartbeats belong too. The agents send on what lies elsewhere (librdkafka chooses by
CRC32 unless `partitioner=murmur2_random`), and say so in their log: it costs a record more each.
"""
