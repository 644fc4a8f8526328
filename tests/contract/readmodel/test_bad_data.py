"""What cannot be read or folded is kept and shown, and nothing but its own stream stands still."""

import orjson
import pytest

from rescind.events.requests import Clock, FlowRegister
from rescind.server.readmodel.storage.tables import events, flow_labels, flow_runs, halted
from tests.contract.readmodel.tables import Told
from tests.scenario import Scenario, given, later
from tests.words import body_ended, ended, flow, granted, registered, runner, strikes, with_body
from tests.world import RUN

WEEK_SECONDS = 7 * 86_400
GARBAGE = (b"", b"{", b"\xff\x00", b"[]", b"null", b"1", b'{"type":"flow.cancelled.v1"}', None)


def running() -> Scenario:
    return given(runner, flow, with_body, registered("t"))


@pytest.mark.parametrize("value", GARBAGE)
def test_a_record_that_is_no_event_is_kept_as_it_is(model: Told, value: bytes | None) -> None:
    first, *others = (entry.to_json() for entry in running().world.journal)

    model.tell([first, value, *others])

    kept = model.rows(events)
    assert [row.value for row in kept] == [first, value, *others]
    assert [row.error is None for row in kept] == [True, False, *[True] * len(others)]
    assert kept[1].at_ms == kept[0].at_ms
    assert model.rows(halted) == []
    assert model.flows()[RUN].state == "Running"


def of_a_newer_release(scenario: Scenario, **changed: object) -> bytes:
    body = orjson.loads(scenario.world.journal[-1].to_json())
    return orjson.dumps(body | {"type": "task.petrified.v1"} | changed)


def test_an_event_of_a_newer_release_stops_its_own_stream_alone(model: Told) -> None:
    scenario = running()
    known = [entry.to_json() for entry in scenario.world.journal]
    newer = of_a_newer_release(scenario)
    other = FlowRegister(flow_run_id="run-2", request_id="2")
    after = [entry.to_json() for entry in scenario.when(granted("t"), other).world.journal]

    model.tell([*known, newer, *after[len(known) :]])

    assert model.tasks()[RUN]["t"].state == "Pending"
    assert model.flows()["run-2"].state == "Pending"
    (standing,) = model.rows(halted)
    assert (standing.stream_id, standing.offset) == (RUN, 3 * len(known))
    assert "task.petrified.v1" in standing.error
    assert len(model.rows(events)) == len(after) + 1


@pytest.mark.parametrize("batch", [1, 1_000])
def test_a_stream_that_stands_still_goes_on_with_its_next_life(model: Told, batch: int) -> None:
    scenario = running()
    known = len(scenario.world.journal)
    newer = of_a_newer_release(scenario)
    scenario.when(granted("t"), ended("t"), body_ended(), later(WEEK_SECONDS))
    scenario.when(strikes(Clock.FORGET)).then("flow.forgotten")
    journal = [entry.to_json() for entry in scenario.when(flow).world.journal]

    model.tell([*journal[:known], newer, *journal[known:-1]], batch=batch)
    assert model.rows(halted) == []
    assert model.flows() == {}
    model.tell(journal[-1:])

    assert model.flows() == {RUN: scenario.world.flow()}


def test_an_event_that_changes_no_state_stops_nothing(model: Told) -> None:
    scenario = running()
    newer = of_a_newer_release(scenario, version=None)

    model.tell([*(entry.to_json() for entry in scenario.world.journal), newer])

    assert model.rows(halted) == []
    assert model.rows(events)[-1].error is not None


def test_an_event_that_its_state_does_not_allow_is_kept_and_stops_its_stream(model: Told) -> None:
    journal = [entry.to_json() for entry in running().world.journal]

    model.tell([*journal, journal[-1]])

    assert "'Pending' allows" in str(model.rows(events)[-1].error)
    assert [row.stream_id for row in model.rows(halted)] == [RUN]


def test_words_with_a_nul_are_shown_without_it_and_kept_with_it(model: Told) -> None:
    strange = FlowRegister(
        flow_run_id=RUN, request_id="1", name="a\0b", namespace="\0", labels={"\0k": "v\0"}
    )

    model.tell_entries(given(strange).world.journal)

    (row,) = model.rows(flow_runs)
    assert (row.name, row.namespace) == ("a\ufffdb", "\ufffd")
    assert [(label.key, label.value) for label in model.rows(flow_labels)] == [
        ("\ufffdk", "v\ufffd")
    ]
    assert model.flows()[RUN].name == "a\0b"
