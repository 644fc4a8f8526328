"""How far one partition has got: the record that moves with the state, in the same transaction.

Rule: state and progress are one. Both lanes' next offsets stand beside the state that they led
to, so neither can be stale against the other, and no group offset is part of a transaction.
The producer's start and the sequence tell, after an uncertain commit, whether it happened.
"""

from typing import Final, NamedTuple

import orjson

from rescind.errors import UnreadableStateError
from rescind.events import levels
from rescind.events.requests import Lane
from rescind.statemachine.records import too_new

__all__ = ["POSITION_KEY", "LanePosition", "Position"]

POSITION_KEY = b"@position"


class LanePosition(NamedTuple):
    """Where one lane is to be read on."""

    next: int = 0
    previous: int = -1
    """The offset of the last record that was read, -1 at the beginning."""


class Position(NamedTuple):
    """How far a partition has got."""

    start: LanePosition = LanePosition()
    stop: LanePosition = LanePosition()
    producer: str = ""
    """Which start of which producer wrote this."""
    sequence: int = 0
    """Raised by every transaction, sweeps too."""
    last_at_ms: int = 0
    rewritten_ms: int = 0
    """When the last round that wrote again what is open began; 0 before the first transaction."""
    level: int = levels.OLDEST
    """The feature level of all that is written from here on: `schema` in the records."""

    def of(self, lane: Lane) -> LanePosition:
        """The position in one lane."""
        return self.start if lane == "start" else self.stop

    def read(self, lane: Lane, offset: int) -> "Position":
        """The position after the record at `offset` of a lane was taken in."""
        after = LanePosition(offset + 1, offset)
        start, stop = (after, self.stop) if lane == "start" else (self.start, after)
        return Position(
            start,
            stop,
            self.producer,
            self.sequence,
            self.last_at_ms,
            self.rewritten_ms,
            self.level,
        )

    def at_least(self, level: int) -> "Position":
        """Written at this feature level from here on, but never at a lower one than before.

        What is there already may say what only the higher level can.
        """
        return self._replace(level=max(self.level, level))

    def to_json(self) -> bytes:
        """The value of its record."""
        return orjson.dumps(
            {
                "schema": self.level,
                "start": self.start._asdict(),
                "stop": self.stop._asdict(),
                "producer": self.producer,
                "sequence": self.sequence,
                "last_at_ms": self.last_at_ms,
                "rewritten_ms": self.rewritten_ms,
            }
        )

    @classmethod
    def from_json(cls, value: bytes) -> "Position":
        """Read it back.

        Raises:
            UnreadableStateError: a newer release wrote it, or it is no position.

        """
        try:
            body = orjson.loads(value)
            if body["schema"] > levels.NEWEST:
                raise UnreadableStateError(f"a position of {too_new(body['schema'])}")
            if unknown := body.keys() - _KEYS:
                # This release would write the next one without it.
                raise UnreadableStateError(f"{sorted(unknown)} in a position")
            return cls(
                LanePosition(**body["start"]),
                LanePosition(**body["stop"]),
                body["producer"],
                body["sequence"],
                body["last_at_ms"],
                body["rewritten_ms"],
                body["schema"],
            )
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise UnreadableStateError(f"{error!r} in a position") from None


_KEYS: Final = {"schema", *Position._fields} - {"level"}
