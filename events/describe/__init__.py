"""The wire described for people and for tools: schemas, AsyncAPI, reference pages.

Everything here follows from the models and from what stands beside them; functions return
dicts and texts, and whoever calls them writes the files. The service does not import this.
"""

from rescind.events.describe.asking import ALWAYS, ASKED, Asked, may_be_refused, request_classes
from rescind.events.describe.asyncapi import asyncapi
from rescind.events.describe.effects import EFFECTS, Effect, event_classes
from rescind.events.describe.schemas import schemas, type_of

__all__ = [
    "ALWAYS",
    "ASKED",
    "EFFECTS",
    "Asked",
    "Effect",
    "asyncapi",
    "event_classes",
    "may_be_refused",
    "request_classes",
    "schemas",
    "type_of",
]
