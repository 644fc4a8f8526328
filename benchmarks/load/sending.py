"""An open loop: records leave when the clock says so, in a process of their own.

A slow answer does not delay the next record, so no latency is left out. Times are those of the
monotonic clock, which all processes of one machine share.
"""

import asyncio
import time
from multiprocessing.connection import Connection as Pipe
from random import Random
from typing import Any, NamedTuple

from rescind.kafka.connection import Connection
from rescind.kafka.records import OutRecord
from rescind.kafka.writing.sender import Sender

__all__ = ["Departures", "arrivals", "send_by_the_clock"]


class Departures(NamedTuple):
    """When each record left, in seconds of the monotonic clock, in the order of the plan.

    `late_ms` says how much later than planned: the load generator's own trouble.
    """

    sent_at: list[float]
    late_ms: list[float]


def arrivals(chance: Random, rate: float, count: int, begin: float = 0.0) -> list[float]:
    """Moments in seconds as of independent people, `rate` a second on average."""
    moments: list[float] = []
    now = begin
    for _ in range(count):
        now += chance.expovariate(rate)
        moments.append(now)
    return moments


def send_by_the_clock(
    connection: Connection, plan: list[tuple[float, OutRecord]], pipe: "Pipe[Any, Any]"
) -> None:
    """Send each record at its moment, in seconds after the beginning.

    Sends "ready" when connected, waits for the beginning, and sends `Departures` when Kafka has
    all of them.
    """
    asyncio.run(_send(connection, plan, pipe))


async def _send(
    connection: Connection, plan: list[tuple[float, OutRecord]], pipe: "Pipe[Any, Any]"
) -> None:
    departures = Departures([], [])
    async with Sender(connection) as sender:
        pipe.send("ready")
        begin = await asyncio.to_thread(pipe.recv)
        for moment, record in plan:
            wait = begin + moment - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            now = time.monotonic()
            sender.post(record)
            departures.sent_at.append(now)
            departures.late_ms.append((now - begin - moment) * 1000)
            if wait <= 0:
                # Behind the plan: what was posted must leave all the same.
                await asyncio.sleep(0)
        await sender.flush()
    pipe.send(departures)
