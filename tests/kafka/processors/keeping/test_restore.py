"""What a restart finds: the last record of each key, whichever kind it is of."""

import pytest

from rescind.errors import UnreadableStateError
from rescind.events import levels
from rescind.kafka.records import OutRecord
from rescind.processors.lifecycle.position import POSITION_KEY, Position
from rescind.processors.pipeline.restore import read_position, restore
from rescind.statemachine.records import open_record
from tests.kafka.processors.service import Service
from tests.unit.processors.desk import Desk


async def write(service: Service, key: bytes, *values: bytes | None) -> None:
    for value in values:
        await service.sender.send(OutRecord(service.names.open_flows, key, value, (), 0))


def known_flow() -> bytes:
    desk = Desk()
    desk.begin("f")
    return open_record(desk.life.base.flows["f"], levels.NEWEST)


def known_armed() -> bytes:
    desk = Desk()
    desk.put({"type": "flow.cancel", "flow_run_id": "f"})
    return open_record(desk.life.base.armed["f"], levels.NEWEST)


async def test_a_partition_that_was_never_served_is_empty(service: Service) -> None:
    base, position = await restore(service.connection, service.names, 0)
    assert (base.flows, base.tasks, base.runners, base.armed) == ({}, {}, {}, {})
    assert position is None


async def test_the_last_position_counts(service: Service) -> None:
    positions = [Position(sequence=number, last_at_ms=number * 10) for number in (1, 2, 3)]
    await write(service, POSITION_KEY, *(position.to_json() for position in positions))
    assert await read_position(service.connection, service.names, 0) == positions[-1]
    base, position = await restore(service.connection, service.names, 0)
    assert position == positions[-1]
    assert base.last_at_ms == 30


async def test_an_id_is_either_a_flow_run_or_armed_whichever_was_written_last(
    service: Service,
) -> None:
    # Forgotten, and armed again in the same transaction: there is no tombstone in between.
    await write(service, b"f", known_flow(), known_armed())
    base, _ = await restore(service.connection, service.names, 0)
    assert (list(base.flows), list(base.armed)) == ([], ["f"])
    await write(service, b"f", known_flow())
    base, _ = await restore(service.connection, service.names, 0)
    assert (list(base.flows), list(base.armed)) == (["f"], [])
    await write(service, b"f", None)
    base, _ = await restore(service.connection, service.names, 0)
    assert (base.flows, base.armed) == ({}, {})


async def test_a_state_of_a_newer_release_is_not_guessed(service: Service) -> None:
    await write(service, b"f", known_flow().replace(b'"schema":1', b'"schema":2'))
    with pytest.raises(UnreadableStateError, match="schema 2"):
        await restore(service.connection, service.names, 0)
