"""An outbox, and a broker that takes what leaves it when it is told to."""

import asyncio
from typing import Any

import orjson

from rescind.kafka.records import OutRecord, Sent
from rescind.runners.client.sending.outbox import Head, Outbox
from rescind.runners.client.sending.spill import Spill

__all__ = ["FINISH", "Broker", "end_of", "outbox", "rounds"]

FINISH = Head("task.finish", "f", 0, {"flow_run_id": "f", "runner_id": "r"})


class Broker:
    """Takes records when it is told to, as a sender's `post` does."""

    def __init__(self) -> None:
        self.posted: list[tuple[OutRecord, asyncio.Future[Sent]]] = []
        self.acknowledged: list[str] = []

    def post(self, record: OutRecord) -> "asyncio.Future[Sent]":
        future: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        self.posted.append((record, future))
        return future

    def on_sent(self, request_id: str, record: OutRecord, sent: Sent) -> None:
        assert self.posted[sent.offset][0] is record
        self.acknowledged.append(request_id)

    def body(self, number: int) -> dict[str, Any]:
        value: dict[str, Any] = orjson.loads(self.posted[number][0].value or b"")
        return value

    def items(self, number: int) -> list[str]:
        return [item["task_run_id"] for item in self.body(number)["items"]]

    async def take(self) -> None:
        """Acknowledge everything that is posted, and let what follows be posted."""
        for number, (_, future) in enumerate(self.posted):
            if not future.done():
                future.set_result(Sent(0, number, 0))
        await rounds()


async def rounds() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def outbox(broker: Broker, spill: Spill, memory_bytes_max: int = 1 << 20) -> Outbox:
    return Outbox(broker.post, "stop", spill, broker.on_sent, memory_bytes_max)


def end_of(task_run_id: str, **more: Any) -> bytes:
    return orjson.dumps({"task_run_id": task_run_id, "end": "success", **more})
