"""A runner that can be ended from outside: holds a body and one task run, and stops for nobody."""

import asyncio
import os
import sys

import psutil
from pydantic import JsonValue

from rescind.runners.client import Clocks, Grant, Handle, RunnerClient
from rescind.settings import load_settings

SCOPE = "machine:of-the-scene"


async def _hold(flow_run_id: str, exclusive_to: str | None) -> None:
    pid = os.getpid()
    identity: dict[str, JsonValue] = {"pid": pid, "started": psutil.Process(pid).create_time()}
    handle = Handle(kind="process", scope=SCOPE, identity=identity, exclusive_to=exclusive_to)
    async with RunnerClient(load_settings(), handle=handle) as runner:
        run = await runner.register_flow(
            flow_run_id=flow_run_id, body="body", clocks=Clocks(acknowledge_seconds=1)
        )
        await run.register(["work"])
        assert isinstance(await run.start("work"), Grant)
        print("holds work", flush=True)  # noqa: T201 - read by the test
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_hold(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None))
