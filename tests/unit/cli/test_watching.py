"""What `rescind watch` knows at a terminal, when the state topics have what it cannot read."""

import pytest

from rescind.cli.looking.watching import View
from rescind.events.states import FlowState, TaskState
from rescind.kafka.records import Record
from tests.scenario import given
from tests.unit.cli.states import flow, task
from tests.words import acknowledged, cancel, granted, registered, runner, started, stopped
from tests.words import flow as register

UNREADABLE = [b"by a stranger", b'{"schema":2}']


def record(key: str, value: FlowState | TaskState | bytes) -> Record:
    written = value if isinstance(value, bytes) else value.model_dump_json().encode()
    return Record("states", 0, 0, 0, key.encode(), written, ())


def hear_its_end(view: View) -> None:
    world = given(runner, register, started, registered("t"), granted("t"))
    world.when(cancel, acknowledged("t"))
    world.when(stopped("t"))
    for entry in world.world.journal:
        view.hear(entry)


@pytest.mark.parametrize("value", UNREADABLE)
def test_a_state_that_cannot_be_read_hides_none_that_can(value: bytes) -> None:
    view = View(flow())
    view.see_task(record("f/t", task("t")))

    view.see_task(record("f/u", value))
    view.see_flow(record("f", value))
    view.see_flow(record("f", flow(state="Running.Cancelling")))

    assert (view.flow.state, view.tasks) == ("Running.Cancelling", {"t": "Running"})


@pytest.mark.parametrize("value", UNREADABLE)
def test_a_last_state_that_cannot_be_read_is_not_waited_for(value: bytes) -> None:
    view = View(flow())
    hear_its_end(view)
    assert not view.is_over

    view.see_flow(record("f", value))

    assert view.is_over
