"""Runners that die, sleep and are not told; and agents that notice it."""

import asyncio
from typing import Any

import pytest

from rescind.events import intents as wire
from rescind.runners.client import CancelFlow, CancelTask, Ended, Grant, RunnerClient
from rescind.runners.client.reading import read_told
from tests.scenarios.harness import Scene


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


def of_reminders_only(model: type[Any], value: bytes | None) -> Any:
    """What is read of a record, if that is no inbox's."""
    return None if model is wire.Inbox else read_told(model, value)
