"""Runners that die, sleep and are not told; and agents that notice it."""

import asyncio
from typing import Any, Final
from zlib import crc32

import orjson
import pytest
from confluent_kafka import Producer

from rescind.events import intents as wire
from rescind.runners.client import CancelFlow, CancelTask, Ended, Grant, RunnerClient
from rescind.runners.client.reading import read_told
from tests.scenarios.harness import Scene
from tests.waiting import until

QUICK: Final = {"heartbeat_seconds": 0.5, "lost_after_seconds": 3}


async def test_28_without_an_inbox_both_intents_come_by_reminders_alone(
    own: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.house.worker()
    own.house.agents()
    settings = own.house.settings.model_copy(update={"heartbeat_seconds": 0.5})
    async with RunnerClient(settings) as runner:
        run = await runner.register_flow(flow_run_id=own.named("f"))
        await run.register(["alone", "other"])
        for task in ("alone", "other"):
            assert isinstance(await run.start(task), Grant)
        # From here on it reads nothing of its inbox.
        monkeypatch.setattr("rescind.runners.client.inbox.read_told", of_reminders_only)
        about = {"flow_run_id": run.flow_run_id}
        await own.answer_to({"type": "task.cancel", **about, "task_run_id": "alone"})

        told = await asyncio.wait_for(anext(runner.intents()), 120)
        assert isinstance(told, CancelTask)
        assert (told.task_run_id, told.attempt) == ("alone", 1)
        await told.acknowledge()
        run.finish("alone", Ended.cancelled())
        assert not run.is_cancelling

        await own.cancel(run.flow_run_id, reason="enough")
        told = await asyncio.wait_for(anext(runner.intents()), 120)
        assert isinstance(told, CancelFlow)
        assert told.reason == "enough"
        await told.acknowledge()
        run.finish("other", Ended.cancelled())
        await own.event(run.flow_run_id, "flow.cancelled")


async def test_27_a_runner_that_beats_on_another_partition_is_not_given_up_before_it_is_silent(
    own: Scene,
) -> None:
    own.house.worker()
    agents = own.house.agents(**QUICK)
    # librdkafka hashes by CRC32.
    name = next(f"r{n}" for n in range(99) if crc32(b"r%d" % n) % 2 != own.partition_of(f"r{n}"))
    await own.begin(own.named("f"), name)
    producer = Producer({"bootstrap.servers": own.connection.bootstrap})

    async def beat() -> None:
        while True:
            value = orjson.dumps({"runner_id": name, "at": "2026-01-01T00:00:00.000Z"})
            producer.produce(own.names.heartbeats, value, key=name.encode())
            assert producer.flush(30) == 0
            await asyncio.sleep(0.2)

    beating = asyncio.create_task(beat())
    await until(lambda: "they are sent on" in agents.said(), within_seconds=60)
    # Registered later, so whoever is taken for silent from the beginning is given up before it.
    silent = await own.begun("silent")
    await own.event(silent.flow_run_id, "flow.failed")
    assert not own.events(own.named("f"), "flow.cancelling")

    beating.cancel()
    await own.event(own.named("f"), "flow.failed")


def of_reminders_only(model: type[Any], value: bytes | None) -> Any:
    """What is read of a record, if that is no inbox's."""
    return None if model is wire.Inbox else read_told(model, value)
