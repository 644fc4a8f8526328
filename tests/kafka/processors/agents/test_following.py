"""What the agents know of cancellations, followed in a topic of real Kafka."""

import asyncio

import structlog

from rescind.events.journal import Entry, FlowCancelling
from rescind.kafka.records import OutRecord
from rescind.kafka.writing.sender import Sender
from rescind.processors.watching.cancelling import Cancelling
from tests.conftest import Cluster
from tests.unit.processors.desk import NAMES, Desk, written
from tests.waiting import until

CANCEL = {"type": "flow.cancel", "flow_run_id": "f"}


def cancelled() -> bytes:
    """The record by which a flow run's cancelling begins."""
    desk = Desk()
    desk.begin()
    told = written(desk.put(CANCEL), NAMES.cancellations)
    (began,) = (r.value for r in told if _is_a_beginning(Entry.from_json(r.value or b"")))
    assert began is not None
    return began


def _is_a_beginning(entry: Entry) -> bool:
    return isinstance(entry.event, FlowCancelling)


async def test_an_agent_that_cannot_read_a_newer_event_says_so_once_and_claims_nothing_more(
    cluster: Cluster,
) -> None:
    cancelling = Cancelling()
    topic, value = cluster.names.cancellations, cancelled()
    newer = value.replace(b"flow.cancelling.v1", b"flow.uncancelled.v1")
    assert newer != value
    async with Sender(cluster.connection) as sender:
        await sender.send(OutRecord(topic, b"f", value))
        with structlog.testing.capture_logs() as said:
            following = asyncio.create_task(cancelling.follow(cluster.connection, cluster.names))
            await until(lambda: cancelling.is_current)
            assert cancelling.missed_by("r", ["f"])
            for _ in range(2):
                await sender.send(OutRecord(topic, b"f", newer))

            await asyncio.wait_for(following, 60)

    assert not cancelling.is_current
    (line,) = said
    assert line["log_level"] == "error"
    assert "flow.uncancelled.v1" in line["why"]
    assert "upgrade" in line["why"]
