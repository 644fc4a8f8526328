"""How far a partition has got: read back as it was written, and nothing guessed."""

import pytest

from rescind.errors import UnreadableStateError
from rescind.events import levels
from rescind.processors.lifecycle.position import LanePosition, Position


def test_a_position_is_read_back_as_it_was_written() -> None:
    lanes = LanePosition(7, 5), LanePosition(1, 0)
    position = Position(
        *lanes, "producer-1", 12, 1_795_000_000_000, 1_790_000_000_000, levels.NEWEST
    )
    assert Position.from_json(position.to_json()) == position


def test_each_lane_moves_by_itself_and_remembers_the_record_before() -> None:
    position = Position().read("stop", 4).read("start", 9).read("stop", 6)
    assert position.of("stop") == LanePosition(next=7, previous=6)
    assert position.of("start") == LanePosition(next=10, previous=9)


def test_what_a_position_says_beside_the_lanes_stays_when_a_record_is_read() -> None:
    position = Position(producer="p", sequence=12, last_at_ms=5, rewritten_ms=7, level=9)
    read = position.read("stop", 4).read("start", 9)
    assert read._replace(start=position.start, stop=position.stop) == position


@pytest.mark.parametrize(
    "value",
    [
        *(b"", b"{}", b"[]", b"7", b'{"schema":2}'),
        Position().to_json().replace(b'"next"', b'"nxt"'),
        Position().to_json().replace(b'"producer"', b'"unheard_of":1,"producer"'),
        Position(level=levels.NEWEST + 1).to_json(),
    ],
)
def test_what_is_no_position_of_this_release_is_not_guessed(value: bytes) -> None:
    with pytest.raises(UnreadableStateError):
        Position.from_json(value)
