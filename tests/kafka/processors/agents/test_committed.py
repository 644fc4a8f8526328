"""Agents see what was committed and nothing else: Faust by itself would show them the rest."""

from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from tests.conftest import Cluster
from tests.scenarios.processes import Process
from tests.waiting import until


@pytest.mark.slow
async def test_an_agent_does_not_see_what_was_aborted(cluster: Cluster, tmp_path: Path) -> None:
    topic = cluster.names.heartbeats
    environ = {
        "RESCIND_BOOTSTRAP": cluster.bootstrap,
        "RESCIND_TOPIC_PREFIX": cluster.names.prefix,
    }
    module = ("-m", "tests.kafka.processors.agents.listening_agent", topic)
    agent = Process(module, environ, tmp_path / "agent.log")
    try:
        async with AIOKafkaProducer(
            bootstrap_servers=cluster.bootstrap, transactional_id=cluster.names.prefix
        ) as producer:

            async def say(what: str) -> None:
                await producer.send_and_wait(topic, what.encode(), partition=0)

            async def is_listening() -> bool:
                # It begins with what comes next, so somebody has to go on speaking.
                async with producer.transaction():
                    await say("committed before")
                return "committed before" in agent.said()

            await until(is_listening, within_seconds=60)
            await producer.begin_transaction()
            await say("aborted")
            await producer.abort_transaction()
            async with producer.transaction():
                await say("committed after")

            # In the order of the partition: what was aborted would have come first.
            await until(lambda: "committed after" in agent.said(), within_seconds=60)
        assert "aborted" not in agent.said()
    finally:
        agent.end()
