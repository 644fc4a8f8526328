"""The broker's clock, as far as a process can know it.

No worker's own wall clock decides anything: one that is off by minutes would end work early or
never. The broker stamps a small record of ours as it appends it, and between two of those the
monotonic clock goes on.

Rule: never ahead of the broker. It stamped the record before its answer was here, so the time
is taken to be no later than that; of the last answers the quickest one counts. A clock that
struck early would be refused, and its flow run would wait for the next try.
"""

import asyncio
import math
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

import structlog

from rescind.errors import BrokerError
from rescind.events.intents import Canary
from rescind.kafka.records import OutRecord
from rescind.kafka.writing.sender import Sender

__all__ = ["BrokerTime"]

LEARN_SECONDS = 10.0
# As long as the two clocks may drift apart by less than an answer takes.
ANSWERS_KEPT = 6

_log = structlog.get_logger(__name__)


class BrokerTime:
    """Learns, every ten seconds, how far the broker's clock is from the monotonic one."""

    def __init__(
        self,
        sender: Sender,
        topic: str,
        worker_id: str,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        service: Literal["worker", "agents"] = "worker",
    ) -> None:
        self._sender = sender
        self._topic = topic
        self._worker_id = worker_id
        self._service: Literal["worker", "agents"] = service
        self._monotonic = monotonic
        self._offsets_ms: deque[float] = deque(maxlen=ANSWERS_KEPT)

    def now_ms(self) -> int:
        """Milliseconds since 1970 by the broker's clock. `learn` must have been awaited once."""
        return math.floor(self._monotonic() * 1000 + max(self._offsets_ms))

    async def learn(self) -> None:
        """Ask the broker.

        Raises:
            BrokerError: it does not answer.

        """
        # The first answer takes the time of a connection as well.
        for _ in range(1 if self._offsets_ms else 2):
            # Its own idea of the time decides nothing; `rescind doctor` says if it is off.
            canary = Canary(
                agent_id=self._worker_id,
                service=self._service,
                host=socket.gethostname(),
                sent_at=round(time.time() * 1000),
            )
            value = canary.model_dump_json().encode()
            record = OutRecord(self._topic, self._worker_id.encode(), value)
            sent = await self._sender.send(record)
            self._offsets_ms.append(sent.timestamp_ms - self._monotonic() * 1000)

    async def keep_learning(self) -> None:
        """Ask again and again; while the broker is away, the last offset holds."""
        while True:
            await asyncio.sleep(LEARN_SECONDS)
            try:
                await self.learn()
            except BrokerError as error:
                _log.warning("the broker's time cannot be asked", error=str(error))
