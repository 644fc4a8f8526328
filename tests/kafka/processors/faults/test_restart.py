"""A worker may be killed, stopped or overtaken at any moment: nothing is lost or done twice."""

import asyncio
import random
from pathlib import Path

import pytest

from rescind.events.journal import FlowCancelled, FlowFailed, FlowSucceeded
from tests.kafka.processors.children import Children, children_of
from tests.kafka.processors.journal import code_of
from tests.kafka.processors.load import FLOW_RUNS, SEEDS, load
from tests.kafka.processors.service import Service
from tests.kafka.processors.verdict import assert_at_rest_and_right


async def register_runners(service: Service, runners: int = 3) -> None:
    for partition in range(service.partitions):
        for number in range(runners):
            request = {"type": "runner.register", "runner_id": f"runner-{number}"}
            await service.ask(request, partition=partition)


async def put_under_load(service: Service, children: Children, *, seed: int, kills: int) -> None:
    """Ask for everything, while the worker is killed so many times."""
    chance = random.Random(seed)
    requests = list(load(seed, FLOW_RUNS))
    falls = sorted(chance.sample(range(len(requests)), kills))
    worker = children.start()
    for number, request in enumerate(requests):
        service.post(request)
        if number in falls:
            # It has begun on some of what was asked: somewhere in there it dies.
            await service.journal.grows()
            await asyncio.sleep(chance.uniform(0, 0.05))
            worker.kill()
            worker = children.start()
    await service.sender.flush()


@pytest.mark.sized
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", SEEDS)
async def test_a_worker_killed_at_random_moments_loses_nothing_and_doubles_nothing(
    service: Service, tmp_path: Path, seed: int
) -> None:
    await register_runners(service)
    async with children_of(service, tmp_path) as children:
        await put_under_load(service, children, seed=seed, kills=3 + FLOW_RUNS // 50)
        await assert_at_rest_and_right(service)
        await assert_ended_runs_are_remembered(service)


async def assert_ended_runs_are_remembered(service: Service) -> None:
    """What had ended before the restarts refuses a cancel as it did."""
    ends = (FlowCancelled, FlowFailed, FlowSucceeded)
    ended = {e.stream_id for e in service.journal.entries if isinstance(e.event, ends)}
    assert ended
    asked = [
        await service.ask({"type": "flow.cancel", "flow_run_id": flow_run_id})
        for flow_run_id in sorted(ended)
    ]
    codes = [code_of(await service.journal.outcome_of(one)) for one in asked]
    assert set(codes) == {"already_finished"}
