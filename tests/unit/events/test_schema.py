"""The checked-in description of the wire is the one that follows from the code, and is true."""

import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Protocol, cast

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel

import rescind
from rescind.events.describe import event_classes, request_classes, schemas, type_of
from rescind.events.describe.files import files
from rescind.events.intents import Canary, Heartbeat, Inbox, Reminder
from rescind.events.journal import Entry, FlowForgotten, RequestRefused, TaskStarted
from rescind.events.refusals import Code
from rescind.events.requests import AnyRequest, Unreadable, read_request, write_request
from rescind.events.states import FlowState, TaskState
from rescind.kafka.topics import TopicNames, topic_specs
from tests.strategies import entries, models, requests
from tests.unit.events.records import CANCEL

ROOT = Path(rescind.__file__).parents[2]
# Read once for all documents: it costs as much as all the rest of making them.
SOURCE_OF = cache(inspect.getsource)
RENEW = "run `make schema` and look at the difference: others read this wire"


@cache
def made() -> dict[str, str]:
    settings = {spec.name: spec.config for spec in topic_specs(TopicNames(prefix=""))}
    return files(SOURCE_OF, settings, rescind.__version__)


@cache
def documents() -> dict[str, dict[str, Any]]:
    return schemas(SOURCE_OF)


class Validator(Protocol):
    def is_valid(self, instance: object) -> bool: ...
    def validate(self, instance: object) -> None: ...


@cache
def validator(name: str, pointer: str = "") -> Validator:
    """The schema of a document, or of one thing in it."""
    schema = documents()[name]
    if pointer:
        schema = {"$ref": f"#/$defs/{pointer}", "$defs": schema["$defs"]}
    return cast(Validator, Draft202012Validator(schema))


@pytest.mark.parametrize("name", sorted(made()))
def test_what_is_checked_in_is_what_follows_from_the_code(name: str) -> None:
    path = ROOT / name

    assert path.is_file(), f"{name} is missing: {RENEW}"
    # Not `==` in the assertion: pytest would print thousands of lines.
    is_the_same = path.read_text(encoding="utf-8") == made()[name]
    assert is_the_same, f"{name} is not what the code says: {RENEW}"


def test_nothing_is_left_of_what_is_not_made_any_more() -> None:
    checked_in = {f"events/schema/{path.name}" for path in (ROOT / "events/schema").iterdir()}

    assert checked_in == {name for name in made() if name.startswith("events/schema/")}, RENEW


def test_the_same_code_always_makes_the_same_files() -> None:
    assert made() == made.__wrapped__()


@pytest.mark.parametrize("name", sorted(documents()))
def test_every_schema_is_one_by_its_own_schema(name: str) -> None:
    Draft202012Validator.check_schema(documents()[name])


@given(entry=entries())
def test_every_entry_of_the_journal_is_valid(entry: Entry) -> None:
    validator("events").validate(orjson.loads(entry.to_json()))


@settings(max_examples=5)
@given(data=st.data())
def test_every_event_is_valid_as_its_own_type_alone(data: st.DataObject) -> None:
    for model in event_classes():
        body = orjson.loads(data.draw(entries(model)).to_json())

        assert validator("events", type_of(model)).is_valid(body)
        assert not validator("events", type_of(model)).is_valid({**body, "type": "flow.other.v1"})


@given(request=requests())
def test_every_request_that_is_written_is_valid(request: AnyRequest) -> None:
    body = orjson.loads(write_request(request))

    _validator_of(type(request)).validate(body)
    validator("requests").validate(body)


@given(data=st.data())
def test_what_the_schema_takes_is_readable(data: st.DataObject) -> None:
    """Damage a valid request in one field: whenever the schema still takes it, so does reading."""
    request = data.draw(requests())
    body = orjson.loads(write_request(request))
    name = data.draw(st.sampled_from(sorted(body)))
    value: object = data.draw(st.none() | st.booleans() | st.integers() | st.text() | st.just([]))
    changed = {**body, name: value}

    # A format is a hint in JSON Schema, and no validator has to know of times.
    takes = name not in {"at", "due_at", "registered_until"} and _validator_of(
        type(request)
    ).is_valid(changed)
    if takes:
        assert not isinstance(read_request(orjson.dumps(changed, default=str)), Unreadable)


def _validator_of(model: type[BaseModel]) -> Validator:
    return validator("requests", model.__name__)


CARRIED: list[tuple[str, type[BaseModel]]] = [
    ("states", FlowState),
    ("states", TaskState),
    ("inbox", Inbox),
    ("reminders", Reminder),
    ("heartbeats", Heartbeat),
    ("heartbeats", Canary),
]


@pytest.mark.parametrize("name, model", CARRIED)
@given(data=st.data())
def test_states_intents_and_signs_of_life_are_valid(
    name: str, model: type[BaseModel], data: st.DataObject
) -> None:
    written = data.draw(models(model)).model_dump_json(exclude_none=True)

    validator(name).validate(orjson.loads(written))


def _entry(event: Any, **fields: Any) -> dict[str, Any]:
    body = {
        "id": "stop-3-1027-0",
        "type": event.type,
        "at": "2026-11-22T12:00:00.000Z",
        "flow_run_id": "nightly-7",
        "data": event.model_dump(mode="json", exclude_none=True, exclude={"type"}),
    }
    return {**body, **fields}


FORGOTTEN = _entry(FlowForgotten(), version=7)
REFUSED = _entry(RequestRefused(code=Code.STALE, message="expected more"))
STARTED = _entry(TaskStarted(runner_id="r1", valid_seconds=30), version=7, task_run_id="t")


@pytest.mark.parametrize(
    "body",
    [
        {**FORGOTTEN, "colour": "red"},
        {**FORGOTTEN, "data": {"colour": "red"}},
        {**FORGOTTEN, "runner_id": "r1"},
        {key: value for key, value in FORGOTTEN.items() if key != "version"},
        {**REFUSED, "version": 7},
        {key: value for key, value in STARTED.items() if key != "task_run_id"},
        {**STARTED, "data": {"runner_id": "r1"}},
        {**STARTED, "data": {"runner_id": "@r1", "valid_seconds": 30}},
        {**STARTED, "data": {"runner_id": "r1", "valid_seconds": -1}},
    ],
)
def test_the_schema_of_the_journal_is_closed(body: dict[str, Any]) -> None:
    assert validator("events").is_valid(FORGOTTEN)
    assert validator("events").is_valid(STARTED)
    assert validator("events").is_valid(REFUSED)
    assert not validator("events").is_valid(body)


@pytest.mark.parametrize(
    "change",
    [
        {"flow_run_id": "@nightly"},
        {"flow_run_id": "a/b"},
        {"flow_run_id": "x" * 129},
        {"mode": "kindly"},
        {"grace_seconds": -1},
        {"type": "flow.cancle"},
    ],
)
def test_the_schema_of_requests_says_what_reading_says(change: dict[str, Any]) -> None:
    assert validator("requests").is_valid(CANCEL)
    assert not validator("requests").is_valid({**CANCEL, **change})
    assert isinstance(read_request(orjson.dumps({**CANCEL, **change})), Unreadable)


def test_a_type_has_to_be_there_in_the_schemas_too() -> None:
    assert not validator("requests").is_valid({"flow_run_id": "nightly-7"})


def _pointers(node: object) -> Iterator[str]:
    if isinstance(node, list):
        for item in cast(list[object], node):
            yield from _pointers(item)
    elif isinstance(node, dict):
        for key, value in cast(dict[str, object], node).items():
            if key == "$ref":
                yield str(value)
            yield from _pointers(value)


@pytest.mark.parametrize("name", [name for name in sorted(made()) if name.endswith(".json")])
def test_every_reference_leads_somewhere(name: str) -> None:
    here = Path(name)
    for pointer in set(_pointers(orjson.loads(made()[name]))):
        file, _, path = pointer.partition("#")
        document = orjson.loads(made()[str(here.parent / file) if file else name])
        for step in path.strip("/").split("/"):
            assert step in document, f"{name}: {pointer}"
            document = document[step]


def test_asyncapi_has_every_topic_with_its_key_and_its_cleanup() -> None:
    document = orjson.loads(made()["events/schema/asyncapi.json"])

    for spec in topic_specs(TopicNames(prefix="")):
        channel = document["channels"][spec.name]
        configured = channel["bindings"]["kafka"]["topicConfiguration"]
        assert channel["address"] == f"{{prefix}}{spec.name}"
        assert "Key: " in channel["description"]
        assert ",".join(configured["cleanup.policy"]) == spec.config["cleanup.policy"]
    assert len(document["channels"]) == len(topic_specs(TopicNames()))


def test_asyncapi_has_every_request_and_every_event_once() -> None:
    document = orjson.loads(made()["events/schema/asyncapi.json"])
    lanes = [
        *document["channels"]["start-requests"]["messages"],
        *document["channels"]["stop-requests"]["messages"],
    ]

    assert sorted(lanes) == sorted(type_of(model) for model in request_classes())
    assert set(document["channels"]["journal"]["messages"]) == {
        type_of(model) for model in event_classes()
    }
