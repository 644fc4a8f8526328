"""Which runners are registered, and in which partitions: read from the topic ``runners``.

Every process of agents follows all of it without a group, since a runner's heartbeats may lie
anywhere. What is here is at most a moment old and rebuilt at each start; nothing is decided by
it that the lifecycle would not check again. What cannot be read may take back what was read
before: such a runner is unknown from then on, so it is neither given up nor told that it was.
"""

from typing import Final

import structlog
from pydantic import TypeAdapter, ValidationError

from rescind.errors import UnreadableStateError
from rescind.events.words import ChosenId
from rescind.kafka.connection import Connection
from rescind.kafka.reading.readers import TopicFollower
from rescind.kafka.reading.visits import starts
from rescind.kafka.records import Record
from rescind.kafka.topics import TopicNames
from rescind.statemachine.records import OpenRecord, read_open
from rescind.statemachine.runs import RunnerRecord

__all__ = ["Registry"]

_ids: Final[TypeAdapter[str]] = TypeAdapter(ChosenId)

_log = structlog.get_logger(__name__)


class Registry:
    """The runners of all partitions."""

    def __init__(self) -> None:
        self._living: dict[str, set[int]] = {}
        self._gone: dict[str, set[int]] = {}
        self._registered_ms: dict[str, int] = {}

    def living(self) -> frozenset[str]:
        """The ids of runners that at least one partition takes for living."""
        return frozenset(self._living)

    def is_living(self, runner_id: str) -> bool:
        """Whether at least one partition takes this runner for living."""
        return runner_id in self._living

    def partitions_of(self, runner_id: str) -> frozenset[int]:
        """Where a runner is registered and has not gone."""
        return frozenset(self._living.get(runner_id, ()))

    def registered_ms(self, runner_id: str) -> int:
        """When it registered last, in milliseconds since 1970 by the broker's clock."""
        return self._registered_ms.get(runner_id, 0)

    def is_gone(self, runner_id: str) -> bool:
        """Whether some partition has given this runner up, or seen it leave."""
        return runner_id in self._gone

    def see(self, record: Record) -> None:
        """Take in one record of the topic; what is no runner's at all is passed over."""
        try:
            runner_id = _ids.validate_python((record.key or b"").decode())
        except (UnicodeDecodeError, ValidationError):
            return
        known = _read(record)
        self._forget(runner_id, record.partition)
        if isinstance(known, RunnerRecord):
            kept = self._living if known.state == "Registered" else self._gone
            kept.setdefault(runner_id, set()).add(record.partition)
            self._registered_ms[runner_id] = known.at_ms
        elif not (runner_id in self._living or runner_id in self._gone):
            self._registered_ms.pop(runner_id, None)

    def _forget(self, runner_id: str, partition: int) -> None:
        for kept in (self._living, self._gone):
            partitions = kept.get(runner_id)
            if partitions is not None:
                partitions.discard(partition)
                if not partitions:
                    del kept[runner_id]

    async def follow(self, connection: Connection, topics: TopicNames) -> None:
        """Read the topic from its beginning, and go on for ever."""
        async with TopicFollower(
            connection, topics.runners, await starts(connection, topics.runners)
        ) as follower:
            async for records in follower.follow():
                for record in records:
                    self.see(record)


def _read(record: Record) -> OpenRecord | None:
    if record.value is None:
        return None
    try:
        return read_open(record.value)
    except UnreadableStateError as error:
        _log.error(
            "a runner is not listened for: its record cannot be read",
            place=f"{record.partition}:{record.offset}",
            why=str(error).partition("\n")[0],
        )
        return None
