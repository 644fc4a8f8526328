"""Kafka comes back without what it had committed: whoever lived through it decides that again."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog

from rescind.kafka.connection import Connection
from rescind.kafka.embedded.broker import EmbeddedBroker
from rescind.kafka.embedded.formatting import data_folder
from rescind.kafka.topics import TopicNames, create_topics, topic_specs
from tests.broker import formatted_broker
from tests.kafka.processors.pipelines import running
from tests.kafka.processors.service import Service
from tests.kafka.processors.verdict import assert_at_rest_and_right

_NAMES = TopicNames("t.")
_LANES = (_NAMES.start_requests, _NAMES.stop_requests)


def partitions_of(data: Path, *, lanes: bool) -> Iterator[Path]:
    """The folders of ours, with the lanes or without."""
    return (f for f in data.glob("t.*-0") if lanes or not f.name.startswith(_LANES))


def lose_what_came_since(kept: Path, data: Path) -> None:
    """Put back what had been kept: so a disk comes back that had not written all it was told."""
    for folder in kept.iterdir():
        shutil.rmtree(data / folder.name)
        shutil.copytree(folder, data / folder.name)


@pytest.fixture
async def own_broker(tmp_path: Path) -> AsyncIterator[EmbeddedBroker]:
    async with formatted_broker(tmp_path / "broker") as broker:
        yield broker


@pytest.mark.parametrize("lanes", [False, True], ids=["what it wrote", "the requests too"])
async def test_a_worker_that_lives_through_a_loss_goes_on_from_what_kafka_still_has(
    own_broker: EmbeddedBroker, tmp_path: Path, *, lanes: bool
) -> None:
    data, kept = data_folder(own_broker.data_dir / "kafka"), tmp_path / "kept"
    connection = Connection(own_broker.bootstrap)
    await create_topics(connection, topic_specs(_NAMES), partitions=1, replicas=1)
    served = Service(connection, _NAMES, 1)
    with structlog.testing.capture_logs() as said:
        async with running(served, 0) as serving:
            async with Service(connection, _NAMES, 1) as before:
                await before.begin("kept", "r1", ["t1"])
                for folder in partitions_of(data, lanes=lanes):
                    shutil.copytree(folder, kept / folder.name)
                await before.begin("lost", "r2", ["t1", "t2"])
                await before.answer_to({"type": "flow.cancel", "flow_run_id": "kept"})
            own_broker.kill()
            lose_what_came_since(kept, data)
            await own_broker.start_async()
            async with Service(connection, _NAMES, 1) as after:
                await after.begin("new", "r3", ["t1"])
                await assert_at_rest_and_right(after)
                assert not serving.task.done()
                streams = {entry.stream_id for entry in after.journal.entries}
    assert {"kept", "new"} <= streams
    # What is still on the lanes is decided again, and what is not was never asked.
    assert ("lost" in streams) is not lanes
    assert [line for line in said if line["event"].startswith("Kafka has lost")]
