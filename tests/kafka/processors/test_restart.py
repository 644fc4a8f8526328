"""A worker may be killed, stopped or overtaken at any moment: nothing is lost or done twice."""

import asyncio
import os
import random
import sys
from pathlib import Path

import pytest

from rescind.events.journal import FlowCancelled, FlowFailed, FlowSucceeded
from tests.kafka.processors.children import Children, children_of
from tests.kafka.processors.journal import code_of
from tests.kafka.processors.load import load
from tests.kafka.processors.service import Service
from tests.kafka.processors.verdict import assert_at_rest_and_right

DEEP = [pytest.param(seed, 400, 12, marks=pytest.mark.slow) for seed in (11, 12)]


async def register_runners(service: Service, runners: int = 3) -> None:
    for partition in range(service.partitions):
        for number in range(runners):
            request = {"type": "runner.register", "runner_id": f"runner-{number}"}
            await service.ask(request, partition=partition)


async def put_under_load(
    service: Service, children: Children, *, seed: int, flow_runs: int, kills: int
) -> None:
    """Ask for everything, while the worker is killed so many times."""
    chance = random.Random(seed)
    requests = list(load(seed, flow_runs))
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


@pytest.mark.parametrize("seed, flow_runs, kills", [(1, 80, 3), *DEEP])
async def test_a_worker_killed_at_random_moments_loses_nothing_and_doubles_nothing(
    service: Service, tmp_path: Path, seed: int, flow_runs: int, kills: int
) -> None:
    seed = int(os.environ.get("RESCIND_TEST_SEED", seed))
    sys.stdout.write(f"seed {seed}\n")
    await register_runners(service)
    async with children_of(service, tmp_path) as children:
        await put_under_load(service, children, seed=seed, flow_runs=flow_runs, kills=kills)
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
