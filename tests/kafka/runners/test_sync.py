"""The runner for threads: the same words, from any thread, and told without being asked."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from rescind.errors import RunnerClosedError, WouldWaitError
from rescind.runners.client import (
    CancelFlow,
    Ended,
    Grant,
    Intent,
    Reported,
    SyncRunnerClient,
)
from rescind.settings import Settings
from tests.kafka.runners.lifecycle import Lifecycle
from tests.kafka.runners.threads import in_a_thread, working


async def test_threads_start_and_report_through_one_client(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    def work() -> None:
        with SyncRunnerClient(settings) as runner:
            run = runner.register_flow(flow_run_id="f", body="body")
            assert run.body_grant is not None

            def one(task_run_id: str) -> None:
                assert run.register([task_run_id]) == []
                grant = run.start(task_run_id)
                assert isinstance(grant, Grant)
                assert run.may_begin(grant)
                run.finish(task_run_id, Ended.success()).wait()

            with ThreadPoolExecutor(8) as pool:
                list(pool.map(one, [f"t-{number}" for number in range(40)]))
            assert run.held == [("body", 1)]
            run.end(Ended.success())
        with pytest.raises(RunnerClosedError):
            run.start("t")
        with pytest.raises(RunnerClosedError):
            runner.register_flow()

    await in_a_thread(work)
    assert len(await lifecycle.events("task.succeeded")) == 41
    assert (await lifecycle.story("f"))[-1] == "flow.succeeded"


async def test_an_intent_is_handed_on_in_the_loop_and_answered_there(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    told = threading.Event()
    answered: list[Reported] = []
    refused: list[Exception] = []

    def on_intent(intent: Intent) -> None:
        assert isinstance(intent, CancelFlow)
        answered.append(intent.acknowledge())
        try:
            # What would wait for this very loop says so, and hangs nobody.
            answered[0].wait()
        except WouldWaitError as error:
            refused.append(error)
        told.set()

    def work() -> None:
        with SyncRunnerClient(settings, on_intent=on_intent) as runner:
            run = runner.register_flow(flow_run_id="f", body="body")
            assert told.wait(30)
            answered[0].wait(30)
            assert run.is_cancelling
            run.finish("body", Ended.cancelled()).wait(30)

    async with working(work):
        await lifecycle.until_event("flow.started")
        await lifecycle.cancel("f")
    assert len(refused) == 1
    await lifecycle.until_event("flow.cancelled")


async def test_a_thread_can_wait_for_intents(lifecycle: Lifecycle, settings: Settings) -> None:
    seen: list[Intent] = []

    def work() -> None:
        with SyncRunnerClient(settings) as runner:
            run = runner.register_flow(flow_run_id="f", body="body")
            watching = threading.Thread(target=lambda: seen.extend(runner.intents()))
            watching.start()
            while not run.is_cancelling:
                time.sleep(0.01)
            run.end(Ended.cancelled())
        # Leaving the client ends what waits for intents.
        watching.join(30)
        assert not watching.is_alive()

    async with working(work):
        await lifecycle.until_event("flow.started")
        await lifecycle.cancel("f")
    assert len(seen) == 1
