"""Hypothesis strategies for everything on the wire, made from the types themselves.

`models` makes instances of any model of the wire; a field can be narrowed by keyword, as
``requests(FlowCancel, flow_run_id=st.sampled_from(ids))``. Sizes are kept small where a rule
does not depend on them: lists have at most a few items, texts a few dozen characters.
"""

import types
from collections.abc import Iterable
from enum import Enum
from functools import cache
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin

from annotated_types import Ge, Le, MaxLen, MinLen
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import BaseModel, JsonValue, StringConstraints
from pydantic.fields import FieldInfo
from typing_extensions import get_type_hints

from rescind.events.describe import EFFECTS, event_classes, request_classes, type_of
from rescind.events.journal import AnyEvent, Entry, Event, Source, StreamKind
from rescind.events.moments import MOMENT_MAX, Moment
from rescind.events.requests import AnyRequest, Request, TaskSpec
from rescind.events.traces import Traceparent
from rescind.events.words import (
    Actor,
    CascadePolicy,
    ChosenId,
    Evidence,
    Name,
    ReportedEvidence,
    TaskKind,
)
from rescind.tracing.traceparent import written

__all__ = [
    "actors",
    "chosen_ids",
    "entries",
    "events",
    "evidence",
    "json_values",
    "models",
    "moments",
    "requests",
    "texts",
    "traceparents",
    "values_of",
]

_ITEMS_MAX: Final = 4
_CHARACTERS_MAX: Final = 40
_SAFE: Final = 2**53 - 1

_Model = TypeVar("_Model", bound=BaseModel)

# No lone surrogate is in any record: UTF-8 has none.
_CHARACTERS = st.characters(exclude_categories=["Cs"])


def texts(min_size: int = 0, max_size: int = _CHARACTERS_MAX) -> SearchStrategy[str]:
    """Any text that UTF-8 can carry."""
    return st.text(_CHARACTERS, min_size=min_size, max_size=max_size)


def chosen_ids() -> SearchStrategy[str]:
    """Every id that a run may have, foreign ones included; mostly short."""
    allowed = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/")
    anything = st.text(allowed, min_size=1, max_size=128)
    return anything.filter(lambda text: not text.startswith("@"))


def moments() -> SearchStrategy[int]:
    """Milliseconds since 1970, up to the last that can be written."""
    return st.integers(0, MOMENT_MAX)


def json_values() -> SearchStrategy[JsonValue]:
    """JSON as a record can carry it: finite numbers, integers of 64 bits."""
    leaves: SearchStrategy[JsonValue] = (
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | texts()
    )
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=_ITEMS_MAX)
            | st.dictionaries(texts(), inner, max_size=_ITEMS_MAX)
        ),
        max_leaves=6,
    )


def evidence() -> SearchStrategy[Evidence]:
    """What a runner saw."""
    return st.dictionaries(texts(), json_values(), max_size=_ITEMS_MAX)


def traceparents() -> SearchStrategy[str | None]:
    """As they are carried on."""
    numbers = st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.integers(0, 255)
    return st.none() | st.builds(written, *numbers)


def actors() -> SearchStrategy[Actor]:
    """Whoever asks, verified or not."""
    return models(Actor)


def requests(*classes: type[Request], **fields: SearchStrategy[Any]) -> SearchStrategy[AnyRequest]:
    """Requests of these classes, or of all; fields that a class has not are left out of it."""
    return st.one_of([_narrowed(model, fields) for model in classes or request_classes()])


def events(*classes: type[Event], **fields: SearchStrategy[Any]) -> SearchStrategy[AnyEvent]:
    """Events of these classes, or of all."""
    return st.one_of([_narrowed(model, fields) for model in classes or event_classes()])


def _narrowed(model: type[BaseModel], fields: dict[str, SearchStrategy[Any]]) -> Any:
    return models(
        model, **{name: field for name, field in fields.items() if name in model.model_fields}
    )


def entries(*classes: type[Event]) -> SearchStrategy[Entry]:
    """Entries as the lifecycle makes them: whole envelopes around any event."""
    return _entries(events(*classes))


@st.composite
def _entries(draw: st.DrawFn, happened: SearchStrategy[AnyEvent]) -> Entry:
    event = draw(happened)
    effect = EFFECTS[type(event)]
    of_task = type_of(type(event)).startswith("task.") or effect.of == ("task run",)
    kind = draw(st.sampled_from([StreamKind.FLOW] if of_task else list(StreamKind)))
    names = st.integers(0, 1023).map(str) if kind is StreamKind.PARTITION else chosen_ids()
    count = draw(st.integers(1, 500))
    answers = draw(st.booleans())
    return Entry(
        id=draw(texts(min_size=1)),
        at_ms=draw(moments()),
        stream_kind=kind,
        stream_id=draw(names),
        event=event,
        task_run_id=draw(chosen_ids()) if of_task else None,
        attempt=draw(st.none() | st.integers(1, 1_000_000)) if of_task else None,
        version=draw(st.integers(1, _SAFE)) if event.versioned else None,
        source=draw(_sources(count)) if answers else None,
        cause=None if answers else draw(texts(min_size=1)),
        request_id=draw(texts(min_size=1)) if answers else None,
        actor=draw(st.none() | actors()),
        traceparent=draw(st.none() | texts(min_size=1)),
    )


def _sources(count: int) -> SearchStrategy[Source]:
    offsets = st.integers(0, _SAFE)
    return st.builds(
        Source,
        lane=st.sampled_from(["start", "stop"]),
        partition=st.integers(0, 1023),
        offset=offsets,
        previous=st.just(-1) | offsets,
        nth=st.integers(0, count - 1),
        of=st.just(count),
    )


def models(model: type[_Model], **narrowed: SearchStrategy[Any]) -> SearchStrategy[_Model]:
    """Instances of a model of the wire, each field by its type or as narrowed.

    A field that has a default is left out now and then, unless it is narrowed.
    """
    made: SearchStrategy[_Model] = _models(model, **narrowed)
    return made


@cache  # Making a strategy takes longer than drawing from it.
def _models(model: type[BaseModel], **narrowed: SearchStrategy[Any]) -> SearchStrategy[Any]:
    hints = {
        name: hint
        for name, hint in get_type_hints(model, include_extras=True).items()
        if name in model.model_fields and not _is_constant(hint)
    }
    chosen = {
        name: narrowed[name] if name in narrowed else values_of(hint)
        for name, hint in hints.items()
    }
    needed = {name for name in chosen if model.model_fields[name].is_required()} | narrowed.keys()
    fields = st.fixed_dictionaries(
        {name: strategy for name, strategy in chosen.items() if name in needed},
        optional={name: strategy for name, strategy in chosen.items() if name not in needed},
    )

    # By this name a failing test shows it; the strategies of all fields would fill pages.
    def instance(draw: st.DrawFn) -> BaseModel:
        drawn = draw(fields)
        if issubclass(model, TaskSpec):
            # A child has a flow run of its own, and nothing else has.
            drawn["kind"] = "task" if drawn.get("child_flow_run_id") is None else "child"
        return model(**drawn)

    instance.__name__ = model.__name__
    return st.composite(instance)()


def _is_constant(hint: Any) -> bool:
    if get_origin(hint) is Annotated:
        return _is_constant(get_args(hint)[0])
    return get_origin(hint) is Literal and len(get_args(hint)) == 1


def values_of(hint: Any) -> SearchStrategy[Any]:
    """Values of a type as the wire's models use them."""
    for known, strategy in _KNOWN:
        if hint == known:
            return strategy()
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _bounded(arguments[0], arguments[1:])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in {Union, types.UnionType}:
        return st.one_of([values_of(argument) for argument in arguments])
    return _bounded(hint, ())


def _bounded(hint: Any, metadata: Iterable[Any]) -> SearchStrategy[Any]:
    low, high = _bounds(metadata)
    origin, arguments = get_origin(hint), get_args(hint)
    least, most = int(low or 0), min(int(high or _ITEMS_MAX), _ITEMS_MAX)
    if origin is tuple:
        return st.lists(values_of(arguments[0]), min_size=least, max_size=most).map(tuple)
    if origin is dict:
        keys, values = map(values_of, arguments)
        return st.dictionaries(keys, values, min_size=least, max_size=most)
    if hint is str:
        return texts(least, int(min(high or _CHARACTERS_MAX, _CHARACTERS_MAX)))
    if hint is int:
        # What an event counts has no bound of its own; JSON and its readers have this one.
        return st.integers(
            -_SAFE if low is None else int(low), _SAFE if high is None else int(high)
        )
    if hint is float:
        return st.floats(low, high, allow_nan=False, allow_infinity=False)
    if hint is bool:
        return st.booleans()
    if hint is types.NoneType:
        return st.none()
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    assert isinstance(hint, type), f"no strategy for {hint}"
    assert issubclass(hint, BaseModel), f"no strategy for {hint}"
    return models(hint)


def _bounds(metadata: Iterable[Any]) -> tuple[float | None, float | None]:
    """The least and the most that a value, or its length, may be."""
    low: float | None = None
    high: float | None = None
    for item in metadata:
        if isinstance(item, FieldInfo):
            inner = _bounds(item.metadata)
            low, high = (
                (low if inner[0] is None else inner[0]),
                (high if inner[1] is None else inner[1]),
            )
        elif isinstance(item, StringConstraints):
            low, high = item.min_length, item.max_length
        elif isinstance(item, Ge):
            low = float(str(item.ge))
        elif isinstance(item, Le):
            high = float(str(item.le))
        elif isinstance(item, MinLen):
            low = item.min_length
        elif isinstance(item, MaxLen):
            high = item.max_length
    return low, high


_KNOWN: Final = (
    (ChosenId, chosen_ids),
    (Moment, moments),
    (Evidence, evidence),
    (ReportedEvidence, evidence),
    (JsonValue, json_values),
    (Name, lambda: texts(min_size=1)),
    (Traceparent, traceparents),
    (TaskKind, lambda: st.sampled_from(TaskKind)),
    (CascadePolicy, lambda: st.sampled_from(CascadePolicy)),
)
