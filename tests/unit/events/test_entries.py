"""Reading the journal: what belongs to a newer release stops the reader, and so does rubbish."""

from typing import Any

import orjson
import pytest

from rescind.errors import UnknownEventError, UnreadableEventError
from rescind.events.describe import event_classes, type_of
from rescind.events.journal import Entry, FlowForgotten, RequestRefused, Source, StreamKind
from rescind.events.journal.upcast import UPCASTERS
from rescind.events.refusals import Code

FORGOTTEN: dict[str, Any] = {
    "id": "stop-3-1027-0",
    "type": "flow.forgotten.v1",
    "at": "2026-11-22T12:00:00.000Z",
    "flow_run_id": "nightly-7",
    "version": 12,
    "data": {},
}
CANCELLED: dict[str, Any] = {
    **FORGOTTEN,
    "type": "task.cancelled.v1",
    "task_run_id": "load-7",
    "data": {"how": "graceful", "stopped_confirmed": True},
}
SOURCE = {
    "lane": "stop",
    "partition": 3,
    "offset": 1027,
    "previous": 1025,
    "index": 0,
    "count": 2,
}


def _read(body: object) -> Entry:
    return Entry.from_json(orjson.dumps(body))


def test_an_entry_is_an_envelope_around_an_event() -> None:
    entry = _read({**FORGOTTEN, "source": SOURCE, "request_id": "r-1"})

    assert entry.event == FlowForgotten()
    assert entry.stream_kind is StreamKind.FLOW
    assert entry.stream_id == "nightly-7"
    assert entry.source == Source("stop", 3, 1027, 1025, nth=0, of=2)
    assert orjson.loads(entry.to_json())["source"] == SOURCE


def test_what_belongs_to_no_run_names_its_partition() -> None:
    refused = Entry(
        id="stop-3-1027-0",
        at_ms=0,
        stream_kind=StreamKind.PARTITION,
        stream_id="3",
        event=RequestRefused(code=Code.UNREADABLE, message="expected JSON, but got none"),
        task_run_id=None,
        attempt=None,
        version=None,
        source=Source("stop", 3, 1027, -1, 0, 1),
        cause=None,
        request_id=None,
        actor=None,
        traceparent=None,
    )

    written = orjson.loads(refused.to_json())

    assert written["partition"] == "3"
    assert "version" not in written
    assert Entry.from_json(refused.to_json()) == refused


@pytest.mark.parametrize(
    "body, field",
    [
        ({**FORGOTTEN, "type": "flow.forgotten.v2"}, ""),
        ({**FORGOTTEN, "type": "flow.paused.v1"}, ""),
        ({**FORGOTTEN, "colour": "red"}, "colour"),
        ({**FORGOTTEN, "source": {**SOURCE, "colour": "red"}}, "source.colour"),
        ({**FORGOTTEN, "data": {"colour": "red"}}, "colour"),
        ({**CANCELLED, "data": {**CANCELLED["data"], "how": "magic"}}, "how"),
        (
            {**CANCELLED, "data": {**CANCELLED["data"], "error": {"type": "E", "colour": 1}}},
            "error.colour",
        ),
        ({**FORGOTTEN, "actor": {"kind": "user", "id": "a", "colour": 1}}, "actor.colour"),
    ],
)
def test_what_a_newer_release_has_written_stops_the_reader(
    body: dict[str, Any], field: str
) -> None:
    with pytest.raises(UnknownEventError) as caught:
        _read(body)

    assert caught.value.event_type == body["type"]
    assert caught.value.field == field
    assert "upgrade this process" in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        7,
        None,
        {"type": "flow.forgotten.v1"},
        {**FORGOTTEN, "at": "noon"},
        {**FORGOTTEN, "at": 0},
        {**FORGOTTEN, "id": None},
        {**FORGOTTEN, "version": "12"},
        {**FORGOTTEN, "version": 0},
        {**FORGOTTEN, "data": []},
        {**FORGOTTEN, "flow_run_id": "@position"},
        {**FORGOTTEN, "runner_id": "r1"},
        {name: value for name, value in FORGOTTEN.items() if name != "flow_run_id"},
        {**FORGOTTEN, "source": {**SOURCE, "offset": "1027"}},
        {**FORGOTTEN, "source": {"lane": "stop"}},
        {**CANCELLED, "data": {"how": "graceful"}},
    ],
)
def test_what_is_no_entry_stops_the_reader_and_names_who_may_write(body: object) -> None:
    with pytest.raises(UnreadableEventError, match="only the lifecycle may write this topic"):
        _read(body)


@pytest.mark.parametrize("value", [b"", b"{", b"\xff", b"null"])
def test_what_is_no_json_stops_the_reader(value: bytes) -> None:
    with pytest.raises(UnreadableEventError):
        Entry.from_json(value)


def _started_by(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "flow.started.v0b", {"runner": data["by"]}


def _started(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "flow.started.v1", {"runner_id": data["runner"]}


def test_an_event_of_an_earlier_release_is_read_in_the_shape_of_today() -> None:
    old = {**FORGOTTEN, "type": "flow.started.v0", "data": {"by": "r1"}}

    entry = Entry.from_json(
        orjson.dumps(old), {"flow.started.v0": _started_by, "flow.started.v0b": _started}
    )

    assert entry == _read({**FORGOTTEN, "type": "flow.started.v1", "data": {"runner_id": "r1"}})


def test_an_old_event_that_nobody_can_read_any_more_is_unknown() -> None:
    with pytest.raises(UnknownEventError):
        _read({**FORGOTTEN, "type": "flow.started.v0", "data": {"by": "r1"}})


def test_no_event_of_today_is_taken_for_an_old_one() -> None:
    assert not UPCASTERS.keys() & {type_of(model) for model in event_classes()}
