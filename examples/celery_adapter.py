"""Tasks of Celery that can be cancelled, and the verdict on each that Celery cannot keep.

pip install 'celery[redis]' psutil
rescind up
celery --workdir examples --app celery_adapter worker --concurrency 2
python examples/celery_adapter.py reports-1
rescind cancel reports-1 --reason "wrong input" --wait
rescind show reports-1

Each Celery task is a task run under its own id. A revoke is a broadcast that workers keep in
memory: whoever restarts has forgotten it, and the result that says `REVOKED` expires within a day.
Here what was not sent is never sent, what was sent and not begun expires with its grant, what runs
is killed, and the journal keeps which of the three it was, and whether its process was seen to be
gone.
"""

import asyncio
import os
import socket
import sys
import time
from collections.abc import Mapping
from typing import Any

import psutil
from celery import Celery

from rescind import RunnerClient
from rescind.runners.client import (
    CancelFlow,
    CancelTask,
    Ended,
    Grant,
    How,
    Lost,
    Run,
    RunnerCapabilities,
)

REDIS = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
LOOK_SECONDS = 0.1

app = Celery("celery_adapter", broker=REDIS, backend=REDIS)
app.conf.update(
    task_track_started=True,  # Where it runs is read from there.
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
)


@app.task
def crunch(seconds: float) -> float:
    """A slow one."""
    time.sleep(seconds)
    return seconds


class CelerySteps:
    """Sends tasks to Celery, each when it may begin, and stops those that it has sent.

    At most `at_once` are sent, as many as Celery's workers take: what waits does so here.
    """

    def __init__(self, run: Run, at_once: int) -> None:
        self._run = run
        self._room = asyncio.Semaphore(at_once)
        self._sent: set[str] = set()

    async def carry(self, task_id: str, signature: Any) -> None:
        """One task, from its turn to the report of its end."""
        async with self._room:
            while (grant := await self._may_begin(task_id)) is not None:
                self._sent.add(task_id)
                # A message that waits for longer than the grant is valid is not begun any more.
                left = max(grant.seconds_left(), 0.0)
                send = signature.set(task_id=task_id, expires=left)
                await asyncio.to_thread(send.apply_async)
                if self._run.cancellation_of(task_id) is not None:
                    self.stop(task_id)
                ended = await self._end_of(task_id, time.monotonic() + left)
                self._sent.discard(task_id)
                if ended is not None:
                    self._run.finish(task_id, ended)
                    return

    def stop(self, *task_ids: str) -> None:
        """Revoke these, or all, and kill those that run."""
        if revoked := [task_id for task_id in task_ids or self._sent if task_id in self._sent]:
            app.control.revoke(revoked, terminate=True, signal="SIGKILL")

    async def _may_begin(self, task_id: str) -> Grant | None:
        grant = await self._run.start(task_id)
        while isinstance(grant, Grant):
            if await self._run.may_begin(grant):
                return grant
            if self._run.cancellation_of(task_id) is not None:
                self._run.give_back(grant)
                return None
            grant = await self._run.start(task_id)  # It had only become too old.
        return None

    async def _end_of(self, task_id: str, expires_at: float) -> Ended | None:
        """What Celery came to, and where it ran; None: it expired, and may be asked for again."""
        place: dict[str, Any] = {}
        while True:
            meta: Mapping[str, Any] = await asyncio.to_thread(app.backend.get_task_meta, task_id)
            is_cancelled = self._run.cancellation_of(task_id) is not None
            match meta["status"], str(meta["result"]):
                case "STARTED", _:
                    place = {name: meta["result"][name] for name in ("hostname", "pid")}
                case "SUCCESS", _:
                    return Ended.success(f"celery:{task_id}", evidence=place)
                case "FAILURE", why:
                    return Ended.failed(why, evidence=place)
                case "REVOKED", "terminated":
                    gone = await self._is_gone(place)
                    return Ended.cancelled(How.FORCED, stopped_confirmed=gone, evidence=place)
                case "REVOKED", _:  # Revoked before it began, or expired.
                    return Ended.cancelled(How.NEVER_STARTED) if is_cancelled else None
                case "PENDING", _ if is_cancelled and time.monotonic() > expires_at:
                    return Ended.cancelled(How.NEVER_STARTED)  # No worker will begin it.
                case _:
                    pass
            await asyncio.sleep(LOOK_SECONDS)

    async def _is_gone(self, place: Mapping[str, Any]) -> bool:
        """Whether its process was seen to be gone; of another machine's that cannot be said."""
        if not place.get("hostname", "").endswith(f"@{socket.gethostname()}"):
            return False
        for _ in range(50):
            if not psutil.pid_exists(place["pid"]):
                return True
            await asyncio.sleep(LOOK_SECONDS)
        return False


async def obey(runner: RunnerClient, steps: CelerySteps) -> None:
    """Do what the service says."""
    async for intent in runner.intents():
        match intent:
            case CancelFlow():
                steps.stop()
                intent.acknowledge()
            case CancelTask():
                steps.stop(intent.task_run_id)
                intent.acknowledge()
            case Lost():
                steps.stop()
            case _:
                pass


async def main(flow_run_id: str, seconds: float = 60, count: int = 6, at_once: int = 2) -> None:
    """Some slow tasks on Celery."""
    can = RunnerCapabilities(
        executor="celery", can_kill=True, survivors="processes that a task has started"
    )
    async with RunnerClient(can=can) as runner:
        run = await runner.register_flow("reports", flow_run_id=flow_run_id)
        if run.not_started is not None:
            print(run.not_started.message)
            return
        steps = CelerySteps(run, at_once)
        obeying = asyncio.create_task(obey(runner, steps))
        task_ids = [f"{flow_run_id}-{number}" for number in range(1, count + 1)]
        await run.register(task_ids)
        await asyncio.gather(*(steps.carry(each, crunch.s(seconds)) for each in task_ids))
        ended = Ended.cancelled(How.FORCED) if run.is_cancelling else Ended.success()
        await run.end(ended)
        obeying.cancel()
    print(flow_run_id, ended.end.value)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], *map(float, sys.argv[2:])))
