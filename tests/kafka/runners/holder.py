"""A runner in a process of its own: holds one attempt until it is told to stop, and says so."""

import asyncio

from rescind.runners.client import CancelFlow, Ended, Grant, RunnerClient
from rescind.settings import load_settings


async def _hold() -> None:
    async with RunnerClient(load_settings()) as runner:
        run = await runner.register_flow(flow_run_id="f")
        await run.register(["t"])
        grant = await run.start("t")
        assert isinstance(grant, Grant)
        print("holds", grant.task_run_id, flush=True)  # noqa: T201 - read by the test
        intent = await anext(runner.intents())
        assert isinstance(intent, CancelFlow)
        await intent.acknowledge()
        await run.finish("t", Ended.cancelled())
        print("told", intent.flow_run_id, flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(_hold())
