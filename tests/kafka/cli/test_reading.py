"""How much is read, and kept, of the state topic for what is shown."""

from typing import Self

import pytest

from rescind.cli.reading.states import read_state
from rescind.events.states import FlowState
from rescind.kafka.reading.visits import Visit
from tests.kafka.cli.command import Command
from tests.kafka.cli.runs import running
from tests.kafka.cli.test_looking import ids
from tests.kafka.processors.service import Service


async def test_all_of_them_are_one_reading_and_one_of_them_is_no_other(
    service: Service, rescind: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        await running(service, f"f{number}", granted=0)
    visits: list[object] = []
    parsed: list[bytes] = []

    class Counted(Visit):
        async def __aenter__(self) -> Self:
            visits.append(self)
            return await super().__aenter__()

    def parse(kind: type[FlowState], value: bytes) -> FlowState | None:
        parsed.append(value)
        return read_state(kind, value)

    monkeypatch.setattr("rescind.cli.looking.listing._PAGE", 2)
    monkeypatch.setattr("rescind.cli.reading.listing._KEPT_MIN", 2)
    monkeypatch.setattr("rescind.cli.reading.listing.Visit", Counted)
    monkeypatch.setattr("rescind.cli.reading.states.read_state", parse)

    everything = await rescind("ls", "--limit", "0", "--json")
    readings = len(visits)
    one = await rescind("show", "f3", "--json")
    kept = len(parsed)
    latest = await rescind("ls", "--limit", "0", "--after", "@latest", "--json")

    assert ids(everything) == [f"f{number}" for number in range(6, -1, -1)]
    assert readings == 1
    assert (one.code, kept) == (0, 1)
    assert ids(latest) == [f"f{number}" for number in range(5, -1, -1)]
