"""Runners that die, sleep and are not told; and agents that notice it."""

import asyncio
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson
import pytest
from confluent_kafka import Producer

from rescind.events import intents as wire
from rescind.events.journal import FlowCancelled, FlowFailed
from rescind.runners.client import CancelFlow, CancelTask, Ended, Grant, Lost, RunnerClient
from rescind.runners.client.hearing.reading import read_told
from tests.kafka.processors.service import KEY
from tests.scenarios.harness import House, Scene, alone
from tests.scenarios.processes import until_none_runs_with
from tests.waiting import until


async def test_27_a_runner_that_beats_on_another_partition_is_not_given_up_before_it_is_silent(
    watched: Scene,
) -> None:
    # librdkafka hashes by CRC32.
    name = next(
        f"r{n}" for n in range(99) if crc32(b"r%d" % n) % 2 != watched.partition_of(f"r{n}")
    )
    await watched.begin(watched.named("f"), name)
    producer = Producer({"bootstrap.servers": watched.connection.bootstrap})

    async def beat() -> None:
        while True:
            value = orjson.dumps({"runner_id": name, "at": "2026-01-01T00:00:00.000Z"})
            producer.produce(watched.names.heartbeats, value, key=name.encode())
            assert producer.flush(30) == 0
            await asyncio.sleep(0.2)

    beating = asyncio.create_task(beat())
    await until(lambda: "they are sent on" in watched.house.said(), within_seconds=60)
    # Registered later, so whoever is taken for silent from the beginning is given up before it.
    silent = await watched.begun("silent")
    await watched.event(silent.flow_run_id, "flow.failed")
    assert not watched.events(watched.named("f"), "flow.cancelling")

    beating.cancel()
    await watched.event(watched.named("f"), "flow.failed")


async def test_27_a_flow_run_whose_body_died_has_crashed_and_the_rest_of_it_is_cancelled(
    watched: Scene,
) -> None:
    flow = watched.flow("one_that_sleeps", "processes")
    await flow.begun("nap")
    async with RunnerClient(watched.house.settings) as other:
        beside = await other.join_flow(flow.flow_run_id)
        await beside.register(["beside", "not started"])
        assert isinstance(await beside.start("beside"), Grant)

        flow.process.kill()

        told = await asyncio.wait_for(anext(other.intents()), 60)
        assert isinstance(told, CancelFlow)
        await told.acknowledge()
        # Its owner is gone, and yet it is not over while somebody works.
        assert (await watched.flow_state(flow.flow_run_id)).state == "Running.Cancelling"
        await beside.finish("beside", Ended.cancelled())
        over = (await watched.event(flow.flow_run_id, "flow.failed")).event
    assert isinstance(over, FlowFailed)
    assert over.end == "crashed"
    tasks = await watched.task_states(flow.flow_run_id)
    ends = {name: (task.state, task.how) for name, task in tasks.items() if task.kind != "body"}
    assert ends == {
        "nap-1": ("Finished.Failed.Crashed", None),
        "beside": ("Finished.Cancelled", "graceful"),
        "not started": ("Finished.Cancelled", "never_started"),
    }
    await until_none_runs_with(str(flow.folder))


async def test_32_a_runner_killed_while_cancelling_is_given_up_and_the_flow_run_is_cancelled(
    watched: Scene,
) -> None:
    flow = watched.flow("one_that_swallows_all", "processes")
    await flow.begun("swallow_all")
    await watched.cancel(flow.flow_run_id, grace_seconds=60)
    await watched.event(flow.flow_run_id, "cancellation.acknowledged")

    flow.process.kill()

    over = (await watched.event(flow.flow_run_id, "flow.cancelled")).event
    assert isinstance(over, FlowCancelled)
    assert (over.account.cancelled, over.account.unconfirmed) == (1, 1)
    task = (await watched.task_states(flow.flow_run_id))["swallow_all-1"]
    assert (task.state, task.how) == ("Finished.Cancelled", "runner_lost")
    assert task.stopped_confirmed is False
    assert not watched.events(flow.flow_run_id, "cancellation.clock_fired")


async def test_33_a_runner_killed_when_nobody_has_asked_is_no_cancellation(
    watched: Scene,
) -> None:
    flow = watched.flow("one_that_sleeps", "processes")
    await flow.begun("nap")

    flow.process.kill()

    over = (await watched.event(flow.flow_run_id, "flow.failed")).event
    assert isinstance(over, FlowFailed)
    assert over.end == "crashed"
    assert (await watched.flow_state(flow.flow_run_id)).state == "Finished.Failed.Crashed"
    assert not watched.events(flow.flow_run_id, "flow.cancelled")
    states = {task.state for task in (await watched.task_states(flow.flow_run_id)).values()}
    assert not {state for state in states if not state.startswith("Finished")}


async def test_68_what_a_living_runner_does_not_hold_is_over_when_it_says_so(
    watched: Scene,
) -> None:
    async with RunnerClient(watched.house.settings) as runner:
        run = await runner.register_flow(flow_run_id=watched.named("f"))
        await run.register(["held", "granted and forgotten"])
        for task in ("held", "granted and forgotten"):
            assert isinstance(await run.start(task), Grant)
        await watched.cancel(run.flow_run_id)
        told = await asyncio.wait_for(anext(runner.intents()), 60)
        assert isinstance(told, CancelFlow)

        await told.acknowledge(held=["held"])
        await watched.event(run.flow_run_id, "task.cancelled", "granted and forgotten")
        await run.finish("held", Ended.cancelled())

        await watched.event(run.flow_run_id, "flow.cancelled")
        assert not runner.is_lost
    forgotten = (await watched.task_states(run.flow_run_id))["granted and forgotten"]
    assert (forgotten.how, forgotten.stopped_confirmed) == ("not_held", False)


async def test_28_without_an_inbox_both_intents_come_by_reminders_alone(
    watched: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with RunnerClient(watched.house.settings) as runner:
        run = await runner.register_flow(flow_run_id=watched.named("f"))
        await run.register(["alone", "other"])
        for task in ("alone", "other"):
            assert isinstance(await run.start(task), Grant)
        # From here on it reads nothing of its inbox.
        monkeypatch.setattr("rescind.runners.client.hearing.inbox.read_told", of_reminders_only)
        about = {"flow_run_id": run.flow_run_id}
        await watched.answer_to({"type": "task.cancel", **about, "task_run_id": "alone"})

        told = await asyncio.wait_for(anext(runner.intents()), 120)
        assert isinstance(told, CancelTask)
        assert (told.task_run_id, told.attempt) == ("alone", 1)
        await told.acknowledge()
        run.finish("alone", Ended.cancelled())
        assert not run.is_cancelling

        await watched.cancel(run.flow_run_id, reason="enough")
        told = await asyncio.wait_for(anext(runner.intents()), 120)
        assert isinstance(told, CancelFlow)
        assert told.reason == "enough"
        await told.acknowledge()
        run.finish("other", Ended.cancelled())
        await watched.event(run.flow_run_id, "flow.cancelled")


async def test_28_without_an_inbox_a_runner_that_was_given_up_learns_it_by_a_reminder(
    watched: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with RunnerClient(watched.house.settings) as runner:
        run = await runner.register_flow(flow_run_id=watched.named("f"), body="body")
        monkeypatch.setattr("rescind.runners.client.hearing.inbox.read_told", of_reminders_only)
        partition = watched.partition_of(run.flow_run_id)
        given_up = {"type": "runner.lost", "runner_id": runner.runner_id, "partition": partition}
        await watched.answer_to(given_up, partition=partition, signed_by=KEY)

        await until(lambda: runner.is_lost, within_seconds=120)

        # The service ends the flow run by a cancellation, of which it is reminded as well.
        *told, lost = [await anext(runner.intents()) for _ in range(1 + run.is_cancelling)]
        assert lost == Lost(runner.runner_id, "this runner was given up")
        assert all(isinstance(each, CancelFlow) for each in told)
    over = (await watched.event(run.flow_run_id, "flow.failed")).event
    assert isinstance(over, FlowFailed)
    assert over.end == "crashed"


async def test_27_agents_in_place_of_killed_ones_give_everybody_the_whole_time_again(
    bootstrap: str, tmp_path: Path
) -> None:
    house = House(bootstrap, tmp_path, heartbeat_seconds=0.5, lost_after_seconds=3)
    async with alone(house) as scene:
        house.worker()
        killed = house.agents()
        home = scene.partition_of(scene.named("runner-of-silent"))

        async def listens() -> bool:
            return bool(await canaries_in(scene, home))

        await until(listens, within_seconds=60)
        silent = await scene.begun("silent")
        killed.kill()
        house.agents()
        await scene.event(silent.flow_run_id, "flow.failed")

        (registered,) = scene.events(silent.runner_id, "runner.registered")
        (lost,) = scene.events(silent.runner_id, "runner.lost")
        canaries = await canaries_in(scene, home)
        heard_ms = next(at_ms for agent, at_ms in canaries if agent == canaries[-1][0])
        assert canaries[0][0] != canaries[-1][0]
        # Silent for long by then, though nobody can say so: nobody has listened.
        assert heard_ms - registered.at_ms > 3_000
        assert lost.at_ms - heard_ms > 3_000


async def canaries_in(scene: Scene, partition: int) -> list[tuple[str, int]]:
    """Whose own heartbeats lie in a partition, and since when."""
    read = [
        (orjson.loads(record.value or b"{}"), record.timestamp_ms)
        for record in await scene.read(scene.names.heartbeats, partition)
    ]
    return [(said["agent_id"], at_ms) for said, at_ms in read if "agent_id" in said]


def of_reminders_only(model: type[Any], value: bytes | None) -> Any:
    """What is read of a record, if that is no inbox's."""
    return None if model is wire.Inbox else read_told(model, value)
