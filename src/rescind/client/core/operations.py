"""Each operation of the API as a call and how its reply is read."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, Literal, TypeAlias, cast

from rescind.client.answers import (
    Alive,
    ArmedShown,
    CancelAnswer,
    CancellationShown,
    Counts,
    Event,
    FlowRun,
    FlowRunWhole,
    Forecast,
    PageOf,
    Ready,
    TaskRunWhole,
    TaskState,
)
from rescind.client.core.address import path_of, require_text
from rescind.client.core.calls import Call
from rescind.client.core.pace import Operation
from rescind.client.core.replies import reader
from rescind.errors import CallError
from rescind.events.words import CascadePolicy, Mode
from rescind.tracing import spans

__all__ = [
    "CascadeWord",
    "ModeWord",
    "can_cancel",
    "cancel",
    "cancellation",
    "cancellation_of_task_run",
    "count_flow_runs",
    "flow_run",
    "flow_runs",
    "got",
    "is_alive",
    "is_ready",
    "page_at",
    "posted",
    "read_as",
    "task_run",
    "task_runs",
    "timeline",
]

ModeWord: TypeAlias = Mode | Literal["graceful", "abort"]
CascadeWord: TypeAlias = CascadePolicy | Literal["wait", "request", "none"]

_FLOW: Final = "/flow-runs/{flow_run_id}"
_TASK: Final = "/task-runs/{task_run_id}"
_KEY: Final = re.compile(r"[!-~]{1,255}")

# Building what reads a shape takes a millisecond: once for each that is asked for.
read_as = cache(reader)


def cancel(
    flow_run_id: str, task_run_id: str | None, key: str, wanted: Mapping[str, Any]
) -> Operation[CancelAnswer]:
    """Of what is wanted, what is None is left out, and the server's own word for it holds."""
    return posted(_of(flow_run_id, task_run_id, "/cancel"), CancelAnswer, wanted, key)


def can_cancel(flow_run_id: str, task_run_id: str | None, mode: ModeWord) -> Operation[Forecast]:
    path = _of(flow_run_id, task_run_id, "/can-cancel")
    return got(path, Forecast, {"mode": mode})


def cancellation(flow_run_id: str) -> Operation[CancellationShown | ArmedShown]:
    return got(_of(flow_run_id, None, "/cancellation"), CancellationShown | ArmedShown)


def cancellation_of_task_run(flow_run_id: str, task_run_id: str) -> Operation[CancellationShown]:
    return got(_of(flow_run_id, task_run_id, "/cancellation"), CancellationShown)


def fitting(
    *,
    labels: Mapping[str, str] | None,
    name: str | None,
    namespace: str | None,
    parent: str | None,
    text: str | None,
    registered_from: datetime | None,
    registered_before: datetime | None,
    stuck: bool,
) -> Mapping[str, Any]:
    """Which flow runs are meant, to be listed or to be counted."""
    return {
        "label": labels,
        "name": name,
        "namespace": namespace,
        "parent": parent,
        "text": text,
        "registered_from": registered_from,
        "registered_before": registered_before,
        "stuck": stuck or None,
    }


def flow_runs(
    query: Mapping[str, Any], page_size: int, cursor: str | None
) -> Operation[PageOf[FlowRun]]:
    return got(path_of("/flow-runs"), PageOf[FlowRun], {**query, **page_at(page_size, cursor)})


def count_flow_runs(query: Mapping[str, Any]) -> Operation[Counts]:
    return got(path_of("/flow-run-counts"), Counts, query)


def flow_run(flow_run_id: str) -> Operation[FlowRunWhole]:
    return got(_of(flow_run_id, None), FlowRunWhole)


def task_runs(
    flow_run_id: str,
    state: str | Iterable[str],
    text: str | None,
    page_size: int,
    cursor: str | None,
) -> Operation[PageOf[TaskState]]:
    path = _of(flow_run_id, None, "/task-runs")
    query = {"state": state, "text": text, **page_at(page_size, cursor)}
    return got(path, PageOf[TaskState], query)


def task_run(flow_run_id: str, task_run_id: str) -> Operation[TaskRunWhole]:
    return got(_of(flow_run_id, task_run_id), TaskRunWhole)


def timeline(
    flow_run_id: str, task_run_id: str | None, page_size: int, cursor: str | None
) -> Operation[PageOf[Event]]:
    path = _of(flow_run_id, task_run_id, "/timeline")
    return got(path, PageOf[Event], page_at(page_size, cursor))


def posted(
    path: str, shape: Any, wanted: Mapping[str, Any], key: str | None = None
) -> Operation[Any]:
    """Asks for something; what is None in it is left out."""
    if key is not None and not _KEY.fullmatch(key):
        expected = "1 to 255 visible characters of ASCII"
        raise CallError("idempotency_key", expected, repr(key))
    said = {name: value for name, value in wanted.items() if value is not None}
    try:
        body = json.dumps(said, allow_nan=False).encode()
    except ValueError:
        raise CallError("every number", "finite", repr(said)) from None
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)
    if key is not None:
        headers = (("idempotency-key", key), *headers)
    if (traceparent := spans.current()) is not None:
        headers = (*headers, ("traceparent", traceparent))
    return Operation(Call("POST", path, headers=headers, body=body), read_as(shape))


def is_alive() -> Operation[Alive]:
    return Operation(Call("GET", "/health/live"), read_as(Alive))


def is_ready() -> Operation[Ready]:
    return Operation(Call("GET", "/health/ready"), read_as(Ready))


def _of(flow_run_id: str, task_run_id: str | None, rest: str = "") -> str:
    if task_run_id is None:
        return path_of(_FLOW, rest, flow_run_id=flow_run_id)
    return path_of(_FLOW, _TASK, rest, flow_run_id=flow_run_id, task_run_id=task_run_id)


def page_at(page_size: int, cursor: str | None) -> dict[str, Any]:
    """The part of a query that says which page."""
    return {"limit": page_size, "cursor": cursor}


def got(path: str, shape: Any, query: Mapping[str, Any] | None = None) -> Operation[Any]:
    """Asks for something that is there; what is None in the query is left out."""
    asked = tuple(
        (name, word) for name, value in (query or {}).items() for word in _words(name, value)
    )
    for name, word in asked:
        require_text(name, word)
    return Operation(Call("GET", path, asked), read_as(shape))


def _words(name: str, value: Any) -> Iterable[str]:
    """A value of a query as it is written; nothing for None, several for several."""
    match value:
        case None:
            return ()
        case bool():
            return (str(value).lower(),)
        case str() | int():
            return (str(value),)
        case datetime():
            return (_written(name, value),)
        case Mapping():
            labels = cast(Mapping[str, str], value)
            return (f"{key}={label}" for key, label in labels.items())
        case _:
            return map(str, cast(Iterable[str], value))


def _written(name: str, at: datetime) -> str:
    if at.tzinfo is None:
        raise CallError(name, "a time with an offset, such as `datetime.now(UTC)`", str(at))
    return at.isoformat(timespec="milliseconds")
