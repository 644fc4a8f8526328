"""`Heard`: when each runner was heard last, by the broker's clock.

Heartbeats are no events, so no read model has them: a server listens to them itself, from a minute
before its start on, and forgets the oldest when there are too many.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Final

import orjson

from rescind.kafka.connection import Connection
from rescind.kafka.reading.readers import TopicFollower
from rescind.kafka.reading.visits import offsets_at
from rescind.kafka.records import Record

__all__ = ["Heard"]

_BACK_SECONDS: Final = 60.0
_RUNNERS_MAX: Final = 100_000
_RECORDS_MAX: Final = 1_000


class Heard:
    """``at_ms``: of each runner that was heard, when it was last."""

    def __init__(self) -> None:
        self._at_ms: dict[str, int] = {}

    @property
    def at_ms(self) -> Mapping[str, int]:
        return self._at_ms

    async def listen(self, connection: Connection, topic: str) -> None:
        """Until it is cancelled. Raises `BrokerError`."""
        since_ms = round((time.time() - _BACK_SECONDS) * 1000)
        positions = await offsets_at(connection, topic, since_ms)
        async with TopicFollower(connection, topic, positions) as follower:
            while True:
                self.note(await follower.fetch(max_records=_RECORDS_MAX, timeout_seconds=1.0))

    def note(self, records: Iterable[Record]) -> None:
        for record in records:
            if (runner_id := _runner_of(record.value)) is not None:
                # The latest is at the end, so the oldest is at the beginning.
                latest = max(self._at_ms.pop(runner_id, 0), record.timestamp_ms)
                self._at_ms[runner_id] = latest
        while len(self._at_ms) > _RUNNERS_MAX:
            del self._at_ms[next(iter(self._at_ms))]


def _runner_of(value: bytes | None) -> str | None:
    try:
        match orjson.loads(value or b"null"):
            case {"runner_id": str(runner_id)}:
                return runner_id
            case _:
                return None
    except orjson.JSONDecodeError:
        return None
