"""What is written is read again, the same: requests, entries, states, intents."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from rescind.events.intents import Canary, Heartbeat, Inbox, Reminder
from rescind.events.journal import Entry
from rescind.events.requests import AnyRequest, Unreadable, read_request, write_request
from rescind.events.states import FlowState, TaskState
from tests.strategies import entries, models, requests

CARRIED: list[type[BaseModel]] = [FlowState, TaskState, Inbox, Heartbeat, Canary, Reminder]


@given(request=requests())
def test_a_request_is_read_as_it_was_written(request: AnyRequest) -> None:
    assert read_request(write_request(request)) == request


@given(request=requests())
def test_what_a_request_does_not_say_is_not_written(request: AnyRequest) -> None:
    written = orjson.loads(write_request(request))

    assert None not in written.values()
    assert written["type"] == request.type


@given(value=st.binary(max_size=200))
def test_no_bytes_at_all_make_reading_raise(value: bytes) -> None:
    assert isinstance(read_request(value), Unreadable)


@given(request=requests(), cut=st.integers(0, 10_000), put=st.binary(max_size=3))
def test_no_damage_to_a_request_makes_reading_raise(
    request: AnyRequest, cut: int, put: bytes
) -> None:
    value = write_request(request)
    at = cut % len(value)

    answer = read_request(value[:at] + put + value[at + 1 :])

    if isinstance(answer, Unreadable):
        assert answer.message.startswith("expected ")


@given(entry=entries())
def test_an_entry_is_read_as_it_was_written(entry: Entry) -> None:
    assert Entry.from_json(entry.to_json()) == entry


@given(entry=entries())
def test_an_entry_has_no_key_that_says_nothing(entry: Entry) -> None:
    written = orjson.loads(entry.to_json())

    assert None not in written.values()
    assert None not in written["data"].values()


@pytest.mark.parametrize("model", CARRIED)
@given(data=st.data())
def test_states_and_intents_are_read_as_they_were_written(
    model: type[BaseModel], data: st.DataObject
) -> None:
    said = data.draw(models(model))

    written = said.model_dump_json(exclude_none=True)

    assert model.model_validate_json(written) == said


@pytest.mark.parametrize("model", CARRIED)
@given(data=st.data())
def test_readers_of_states_and_intents_ignore_what_a_newer_service_adds(
    model: type[BaseModel], data: st.DataObject
) -> None:
    said = data.draw(models(model))

    written = orjson.loads(said.model_dump_json(exclude_none=True))
    newer = orjson.dumps({**written, "colour": {"of": "something"}})

    assert model.model_validate_json(newer) == said
