"""The reference page of hooks, made from the models of their settings and of what they are told.

`make schema` writes it and a test holds it, so that no key and no field is undocumented.
"""

import json
import types
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from rescind.cli.describe_fields import docstrings
from rescind.events.hooks import HookEvent, HookKind
from rescind.settings.hooks import Hook

__all__ = ["PAGE", "page"]

PAGE: Final = "docs/reference/hooks.md"

_HEAD: Final = """<!-- Made by `make schema` from the models of hooks; edit those. -->

# Hooks

`rescind agents` tell them of cancellations of flow runs: at least once each, in order for each
flow run. [How to receive a webhook](../how-to/be-told-by-webhook.md). Of task runs that are
cancelled alone they are told nothing: the topic `rescind.cancellations` has those.

## `[hooks.NAME]`

A table of `rescind.toml`, or `RESCIND_HOOKS__NAME__KEY` as a variable, for each key that is text
or a number; NAME is of small letters, digits, `-` and `_`. With a `url` it is a webhook. Without
one it is the entry point of that name in the group `rescind.hooks`, which needs no table unless
something is to be otherwise. All processes of agents need the same ones.

| key | what it takes | if left out | |
|---|---|---|---|
"""

_KINDS: Final = """
## What is told

| `type` | when |
|---|---|
"""

_FIELDS: Final = """
## What it says

JSON as the body of a webhook, a `rescind.events.hooks.HookEvent` as the argument of a callable. A
field that is not known, or does not fit, is left out; newer releases may say more. Times are as
`2026-11-22T12:00:00.000Z`, and milliseconds since 1970 in Python. Its JSON Schema:
[events/schema/hooks.json](../../events/schema/hooks.json).

| field | what it is | |
|---|---|---|
"""

_WIRE: Final = """
## A webhook's request

A POST of `application/json`, signed as [Standard Webhooks](https://www.standardwebhooks.com) has
it:

| header | |
|---|---|
| `webhook-id` | the `id` of the event: the same each time that it is told |
| `webhook-timestamp` | when this request was sent, in seconds since 1970 |
| `webhook-signature` | `v1,` and the base64 of the HMAC-SHA256 of `ID.TIMESTAMP.BODY`; one for \
each secret, with a space between |
| `traceparent` | the trace of the cancellation, if whoever asked for it has one; it is not signed |

| answer | what is done |
|---|---|
| 2xx | it is taken, as soon as the status is there; nothing of the body is read |
| 410 | it becomes a dead letter at once, and the next event is tried all the same |
| 3xx, 4xx, 5xx, none in time, a connection that ends | it is tried again: after a second, then \
twice as long each time up to five minutes, half of it by chance; not before `Retry-After`, of \
which an hour at most is waited for |

What is not taken within `retry_seconds` becomes a dead letter of the code `not_taken`, and the flow
run's next event is told. The time counts from `at` by the broker's clock, whoever was away since.
Whatever is told is tried for a minute (or `retry_seconds`, if that is less), and once more when its
time is over, whatever `Retry-After` asks for. A dead letter is told once more by
`rescind dead-letters retry`. Proxies of the environment (`HTTPS_PROXY`) are not used.
"""

_TIMES: Final = frozenset({"at", "deadline_at"})
"""Their type is a number in Python, and a text in JSON."""


def page() -> str:
    """The whole page, as it must be in the repository.

    Raises `KeyError` with the name of a key that has no docstring.
    """
    kinds = [f"| `{kind.value}` | {kind.meaning} |\n" for kind in HookKind]
    return "".join([_HEAD, *_keys(), _KINDS, *kinds, _FIELDS, *_fields(), _WIRE])


def _keys() -> Iterator[str]:
    told = docstrings(Hook)
    for key, field in Hook.model_fields.items():
        yield f"| `{key}` | {_takes(field.annotation)} | {_default(field)} | {told[key]} |\n"


def _fields() -> Iterator[str]:
    told = docstrings(HookEvent)
    for name, field in HookEvent.model_fields.items():
        what = "a time" if name in _TIMES else _is(field.annotation)
        yield f"| `{name}` | {what} | {told[name]} |\n"


def _takes(annotation: Any) -> str:
    parts = [each for each in get_args(annotation) if each is not type(None)]
    match get_origin(annotation) or annotation:
        case kind if kind in {Union, types.UnionType}:
            return " or ".join(_takes(each) for each in parts)
        case kind if kind is Annotated:
            return _takes(parts[0])
        case kind if kind is tuple:
            return f"a list of {_takes(parts[0]).removeprefix('a ')}s"
        case kind if kind is dict:
            return "a table of texts"
        case kind if kind is bool:
            return "`true` or `false`"
        case kind if kind is SecretStr:
            return "a secret text"
        case kind if kind in {int, float}:
            return "a number"
        case _:
            return "a text"


def _is(annotation: Any) -> str:
    parts = [each for each in get_args(annotation) if each is not type(None)]
    match get_origin(annotation) or annotation:
        case kind if kind in {Union, types.UnionType}:
            return _is(parts[0])
        case kind if kind is Literal:
            return ", ".join(f"`{each}`" for each in parts)
        case kind if isinstance(kind, type) and issubclass(kind, BaseModel):
            return "an object: " + ", ".join(f"`{name}`" for name in kind.model_fields)
        case kind if isinstance(kind, type) and issubclass(kind, StrEnum):
            return "a text"
        case kind if kind is dict:
            return "an object of texts"
        case kind if kind is bool:
            return "`true`"
        case kind if kind is int:
            return "a number"
        case _:
            return "a text"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, tuple) and value:
        return "all of them"
    return "" if value in (None, (), {}) else f"`{json.dumps(value)}`"
