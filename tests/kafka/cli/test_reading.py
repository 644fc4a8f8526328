"""How much is read, and kept, of the state topic for what is shown."""

from typing import Self

import pytest

from rescind.cli.reading import journal
from rescind.cli.reading.states import read_state
from rescind.cli.session import Session
from rescind.events.states import FlowState
from rescind.kafka.connection import Connection
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


@pytest.mark.parametrize("flow", [None, "f1"], ids=["of everything", "of one flow run"])
async def test_what_is_read_before_the_journal_is_followed_does_not_come_again(
    service: Service, monkeypatch: pytest.MonkeyPatch, flow: str | None
) -> None:
    """`journal tail --follow`: what comes in while it begins comes once."""
    await running(service, "f1", granted=0)
    session = Session(service.settings(), service.connection, service.names, "")

    class Busy(Visit):
        """Something is written as soon as somebody has seen where the journal ends."""

        async def ends(self, topic: str) -> dict[int, int]:
            seen = await super().ends(topic)
            await service.answer_to({"type": "flow.cancel", "flow_run_id": "f1"})
            return seen

    async def busy_ends(connection: Connection, topic: str) -> dict[int, int]:
        async with Busy(connection) as visit:
            return await visit.ends(topic)

    monkeypatch.setattr(journal, "Visit", Busy)
    monkeypatch.setattr(journal, "ends", busy_ends)

    read = (
        journal.last_entries(session, 50) if flow is None else journal.entries_of(session, flow, 0)
    )
    found, last = await read

    assert found != []
    assert [one for one in found if one.record.offset >= last[one.record.partition]] == []
