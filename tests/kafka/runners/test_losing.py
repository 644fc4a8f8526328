"""What goes wrong: the runner is given up, sleeps, is forgotten; its id, its port, its patience."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rescind.errors import BrokerUnavailableError, RunnerLostError, TopicsError
from rescind.events.refusals import Code
from rescind.kafka.embedded.ports import choose_port
from rescind.runners.client import Ended, Grant, Intent, Lost, Refusal, RunnerClient
from rescind.runners.client.clock import boot_seconds
from rescind.settings import Settings, load_settings
from tests.kafka.runners.lifecycle import Lifecycle
from tests.waiting import until


async def test_a_runner_that_was_given_up_begins_anew_under_a_new_id(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    async with RunnerClient(settings) as runner:
        run = await runner.register_flow(flow_run_id="f", body="body")
        assert run.body_grant is not None
        await lifecycle.lose(runner.runner_id, lifecycle.partition_of("f"))
        lost = await anext(runner.intents())
        assert isinstance(lost, Lost)
        assert lost.runner_id == runner.runner_id
        assert runner.is_lost
        # Nothing of it is its own any more, and it knows without asking.
        assert not await run.may_begin(run.body_grant)
        refusal = await run.start("t")
        assert isinstance(refusal, Refusal)
        assert refusal.code is Code.RUNNER_LOST
        with pytest.raises(RunnerLostError):
            await runner.register_flow()

        assert await runner.renew() != lost.runner_id
        again = await runner.register_flow(flow_run_id="g", body="body")
        # What it could still say of its old life is kept as a late report.
        run.finish("body", Ended.success())
        await again.end(Ended.success())
        await lifecycle.until_event("task.late_report")
    assert "flow.failed" in await lifecycle.story("f")
    assert "flow.succeeded" in await lifecycle.story("g")


async def test_a_runner_that_asks_while_it_is_lost_learns_it_by_the_answer(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    intents: list[Intent] = []
    async with RunnerClient(settings, on_intent=intents.append) as runner:
        run = await runner.register_flow()
        await run.register(["t"])
        partition = lifecycle.partition_of(run.flow_run_id)
        await lifecycle.lose(runner.runner_id, partition)
        refusal = await run.start("t")
        assert isinstance(refusal, Refusal | Grant)
        await until(lambda: len(intents) == 1)
        assert isinstance(intents[0], Lost)


async def test_a_grant_that_slept_too_long_is_not_used_and_asked_for_again(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    slept = 0.0
    async with RunnerClient(settings, clock=lambda: boot_seconds() + slept) as runner:
        run = await runner.register_flow()
        await run.register(["t"])
        grant = await run.start("t")
        assert isinstance(grant, Grant)
        assert await run.may_begin(grant)
        slept = grant.valid_seconds + 1
        assert not grant.is_usable()
        assert not await run.may_begin(grant)
        fresh = await run.start("t")
        assert isinstance(fresh, Grant)
        assert await run.may_begin(fresh)
        await run.finish("t", Ended.success())
        await run.end(Ended.success())
    assert len(await lifecycle.events("task.started")) == 1


async def test_a_runner_that_was_stopped_meanwhile_finds_the_intent_in_its_inbox(
    lifecycle: Lifecycle, settings: Settings, tmp_path: Path
) -> None:
    where = {
        "RESCIND_BOOTSTRAP": lifecycle.cluster.bootstrap,
        "RESCIND_TOPIC_PREFIX": settings.topic_prefix,
        "RESCIND_DATA_DIR": str(tmp_path),
    }
    runner = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.kafka.runners.holder"),
        env=os.environ | where,
        stdout=subprocess.PIPE,
    )
    assert runner.stdout is not None
    try:
        assert await runner.stdout.readline() == b"holds t\n"
        runner.send_signal(signal.SIGSTOP)
        await lifecycle.cancel("f")
        await lifecycle.until_event("flow.cancelling")
        runner.send_signal(signal.SIGCONT)
        assert await runner.stdout.readline() == b"told f\n"
        assert await runner.wait() == 0
    finally:
        if runner.returncode is None:
            runner.kill()
            await runner.wait()
    await lifecycle.until_event("flow.cancelled")


async def test_without_a_broker_entering_ends_after_the_time_that_was_given(tmp_path: Path) -> None:
    nowhere = load_settings(
        bootstrap=f"127.0.0.1:{choose_port(0, fallback=True)}", data_dir=tmp_path
    )
    with pytest.raises(BrokerUnavailableError):
        async with RunnerClient(nowhere, wait_seconds=0.5):
            pass


async def test_without_topics_entering_says_how_to_make_them(
    bootstrap: str, unique_prefix: str, tmp_path: Path
) -> None:
    empty = load_settings(bootstrap=bootstrap, topic_prefix=unique_prefix, data_dir=tmp_path)
    with pytest.raises(TopicsError, match="rescind topics create"):
        async with RunnerClient(empty, wait_seconds=0.5):
            pass
