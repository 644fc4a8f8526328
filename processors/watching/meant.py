"""Which flow runs a bulk cancellation means: ``flow-states``, read to its end as it is now.

In the order of registration, which nothing can change later: a flow run that moves meanwhile keeps
its place, so that a place in this order says what has had its turn.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson
import structlog
from pydantic import ValidationError

from rescind.events.bulk import BulkCursor, FlowPredicate
from rescind.events.moments import moment_from_text
from rescind.events.states import FlowState
from rescind.kafka.connection import Connection
from rescind.kafka.reading.visits import Visit
from rescind.kafka.records import Record
from rescind.kafka.topics import TopicNames
from rescind.statemachine.predicates import is_meant
from rescind.statemachine.runs import Bulk

__all__ = ["Meant", "Place", "read_meant", "see"]

YIELD_RECORDS = 250
"""About 5 ms: others of this process have their turn meanwhile."""

_log = structlog.get_logger(__name__)


class Place(NamedTuple):
    """One flow run in the order of all."""

    registered_ms: int
    flow_run_id: str
    partition: int

    @property
    def cursor(self) -> BulkCursor:
        """The place as events have it."""
        return BulkCursor(registered_at=self.registered_ms, flow_run_id=self.flow_run_id)


@dataclass(slots=True)
class Meant:
    """What was found.

    Attributes:
        places: the flow runs that are meant, by their ids.
        latest: for each partition, when the last flow run that it has was registered.

    """

    places: dict[str, Place] = field(default_factory=dict[str, Place])
    latest: dict[int, int] = field(default_factory=dict[int, int])

    def counted(self) -> list[Place]:
        """All of them, in order."""
        return sorted(self.places.values())

    def due(self, bulk: Bulk) -> list[Place]:
        """Those that have not had their turn, up to the cut of their partition, in order.

        Never more than were counted: where a state is asked for, others may be in it by now.
        """
        cursor, cut = bulk.cursor, {each.partition: each.until for each in bulk.cut}
        done = (-1, "") if cursor is None else (cursor.registered_at, cursor.flow_run_id)
        left = [
            place
            for place in self.places.values()
            if (place.registered_ms, place.flow_run_id) > done
            and place.registered_ms <= cut.get(place.partition, -1)
        ]
        return sorted(left)[: max((bulk.meant or 0) - bulk.tally.asked, 0)]


async def read_meant(
    connection: Connection, topics: TopicNames, partitions: int, where: FlowPredicate
) -> Meant:
    """Look at every flow run that is known.

    Raises:
        BrokerError: Kafka does not answer.

    """
    meant = Meant()
    async with Visit(connection) as visit:
        for partition in range(partitions):
            async for records in visit.read_to_end(topics.flow_states, partition):
                for first in range(0, len(records), YIELD_RECORDS):
                    see(meant, records[first : first + YIELD_RECORDS], where)
                    await asyncio.sleep(0)
    return meant


def see(meant: Meant, records: Sequence[Record], where: FlowPredicate) -> None:
    """Take in some records of the topic, in their order; one that cannot be read is passed over."""
    for record in records:
        try:
            _see_one(meant, record, where)
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, ValidationError) as error:
            _log.warning("a flow run's state cannot be read", key=record.key, why=str(error)[:200])


def _see_one(meant: Meant, record: Record, where: FlowPredicate) -> None:
    flow_run_id = (record.key or b"").decode()
    meant.places.pop(flow_run_id, None)
    if record.value is None:
        return
    said: dict[str, Any] = orjson.loads(record.value)
    registered_ms = moment_from_text(said["registered_at"])
    latest = meant.latest.get(record.partition, 0)
    meant.latest[record.partition] = max(latest, registered_ms)
    # Most have ended: of those no more is looked at.
    if not said["is_finished"] and is_meant(FlowState.model_validate_json(record.value), where):
        meant.places[flow_run_id] = Place(registered_ms, flow_run_id, record.partition)
