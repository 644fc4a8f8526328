"""How far a partition has got: read back as it was written, and nothing guessed."""

import pytest

from rescind.errors import UnreadableStateError
from rescind.processors.position import LanePosition, Position


def test_a_position_is_read_back_as_it_was_written() -> None:
    position = Position(LanePosition(7, 5), LanePosition(1, 0), "producer-1", 12, 1_795_000_000_000)
    assert Position.from_json(position.to_json()) == position


def test_each_lane_moves_by_itself_and_remembers_the_record_before() -> None:
    position = Position().read("stop", 4).read("start", 9).read("stop", 6)
    assert position.of("stop") == LanePosition(next=7, previous=6)
    assert position.of("start") == LanePosition(next=10, previous=9)


@pytest.mark.parametrize(
    "value",
    [b"", b"{}", b"[]", b"7", b'{"schema":2}', Position().to_json().replace(b'"next"', b'"nxt"')],
)
def test_what_is_no_position_of_this_release_is_not_guessed(value: bytes) -> None:
    with pytest.raises(UnreadableStateError):
        Position.from_json(value)
