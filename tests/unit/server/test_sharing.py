"""Many who follow are one question to the read model, as long as it stands where it stood."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from rescind.errors import DatabaseUnavailableError
from rescind.events.words import StreamKind
from rescind.server.api.live.sharing import AT_ONCE, Found, Shared
from rescind.server.readmodel.queries.answers import JournalEvent
from rescind.server.readmodel.reading import ReadModel
from tests.contract.readmodel.tables import Told, told

RECORDS = AT_ONCE + 10


class Counted(ReadModel):
    """A read model that counts what it is asked, and can be away."""

    asked = 0
    is_away = False

    def events_after(
        self, positions: Mapping[int, int], *of: Any, **how: Any
    ) -> list[JournalEvent]:
        self.asked += 1
        if self.is_away:
            raise DatabaseUnavailableError("it is being restarted")
        return super().events_after(positions, *of, **how)


def numbers(*found: Found) -> list[int]:
    lines = b"".join(part for each in found for part in each.parts).split(b"\n")
    events = [line.removeprefix(b"data: ") for line in lines if line.startswith(b"data: ")]
    return [orjson.loads(event)["entry"]["number"] for event in events]


@pytest.fixture
def model(tmp_path: Path) -> Iterator[Told]:
    with told(f"sqlite:///{tmp_path / 'read-model.db'}") as model:
        model.tell([b'{"number": %d}' % number for number in range(RECORDS)])
        yield model


async def test_those_at_one_place_are_one_question_and_get_all_of_it(model: Told) -> None:
    asking = Counted(model.database)
    shared, standing = Shared(asking), {0: RECORDS}

    first = await asyncio.gather(*[shared.after({0: 0}, None, standing) for _ in range(100)])
    rest = await shared.after(first[0].positions, None, standing)

    assert asking.asked == 2
    assert {id(each) for each in first} == {id(first[0])}
    assert (first[0].is_all, rest.is_all) == (False, True)
    assert len(numbers(first[0])) == AT_ONCE
    assert numbers(first[0], rest) == list(range(RECORDS))


async def test_when_it_has_moved_it_is_asked_anew(model: Told) -> None:
    shared = Shared(Counted(model.database))
    standing = {0: RECORDS}
    seen = await shared.after({0: 0}, None, standing)
    end = (await shared.after(seen.positions, None, standing)).positions

    nothing = await shared.after(end, None, standing)
    model.tell([b'{"number": %d}' % RECORDS])
    still_nothing = await shared.after(end, None, standing)
    found = await shared.after(end, None, {0: RECORDS + 1})

    assert [*nothing.parts, *still_nothing.parts] == []
    assert numbers(found) == [RECORDS]


async def test_what_failed_is_asked_again_and_who_has_gone_takes_nothing_from_others(
    model: Told,
) -> None:
    asking = Counted(model.database)
    shared, standing = Shared(asking), {0: RECORDS}
    asking.is_away = True
    with pytest.raises(DatabaseUnavailableError):
        await shared.after({0: 0}, None, standing)
    asking.is_away = False

    gone = asyncio.create_task(shared.after({0: 0}, None, standing))
    stays = asyncio.create_task(shared.after({0: 0}, None, standing))
    await asyncio.sleep(0)
    gone.cancel()

    assert len(numbers(await stays)) == AT_ONCE
    assert asking.asked == 2


def events_of(flow_run_id: str, *numbers: int) -> list[bytes]:
    return [
        orjson.dumps(
            {
                "id": f"stop-0-{number}-0",
                "type": "flow.forgotten.v1",
                "at": "2026-11-27T12:00:00.000Z",
                "flow_run_id": flow_run_id,
                "version": number,
                "data": {},
            }
        )
        for number in numbers
    ]


async def test_many_who_follow_a_run_each_are_one_question_too(model: Told) -> None:
    model.tell(events_of("busy", 1))
    start = model.standing(0).next_offset
    asking = Counted(model.database)
    shared = Shared(asking)
    model.tell(events_of("busy", 2, 3))
    end = model.standing(0).next_offset
    standing = {0: end}

    found = await asyncio.gather(
        *[shared.after({0: start}, (StreamKind.FLOW, f"quiet-{n}"), standing) for n in range(100)],
        shared.after({0: start}, (StreamKind.FLOW, "busy"), standing),
    )

    assert asking.asked == 1
    assert [each.parts for each in found[:100]] == [[]] * 100
    assert {each.positions[0] for each in found} == {end}
    assert found[100].is_all
    assert b"".join(found[100].parts).count(b"\nid: ") == 2


async def test_who_is_far_behind_in_a_run_asks_for_it_alone(model: Told) -> None:
    asking = Counted(model.database)
    model.tell(events_of("old", 1))
    model.tell([b'{"number": 1}'] * 250)
    end = model.standing(0).next_offset

    found = await Shared(asking).after({0: 0}, (StreamKind.FLOW, "old"), {0: end})

    assert asking.asked == 1
    assert b"".join(found.parts).count(b"\nid: ") == 1
