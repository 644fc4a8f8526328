"""The broker's clock, as far as a process can know it.

No worker's own wall clock decides anything: one that is off by minutes would end work early or
never. The broker stamps a small record of ours as it appends it, and between two of those the
monotonic clock goes on.
"""

import asyncio
import time
from collections.abc import Callable

import structlog

from rescind.errors import BrokerError
from rescind.events.intents import Canary
from rescind.kafka.records import OutRecord
from rescind.kafka.sender import Sender

__all__ = ["BrokerTime"]

LEARN_SECONDS = 10.0

_log = structlog.get_logger(__name__)


class BrokerTime:
    """Learns, every ten seconds, how far the broker's clock is from the monotonic one."""

    def __init__(
        self,
        sender: Sender,
        topic: str,
        worker_id: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sender = sender
        self._topic = topic
        self._worker_id = worker_id
        self._monotonic = monotonic
        self._offset_ms: float | None = None

    def now_ms(self) -> int:
        """Milliseconds since 1970 by the broker's clock. `learn` must have been awaited once."""
        assert self._offset_ms is not None
        return round(self._monotonic() * 1000 + self._offset_ms)

    async def learn(self) -> None:
        """Ask the broker once.

        Raises:
            BrokerError: it does not answer.

        """
        before = self._monotonic()
        # Its own idea of the time is in the record for people only: nobody reads it.
        canary = Canary(agent_id=self._worker_id, sent_at=round(time.time() * 1000))
        value = canary.model_dump_json().encode()
        sent = await self._sender.send(OutRecord(self._topic, self._worker_id.encode(), value))
        after = self._monotonic()
        # Somewhere between asking and the answer; half of that, some ms, is the error.
        self._offset_ms = sent.timestamp_ms - (before + after) / 2 * 1000

    async def keep_learning(self) -> None:
        """Ask again and again; while the broker is away, the last offset holds."""
        while True:
            await asyncio.sleep(LEARN_SECONDS)
            try:
                await self.learn()
            except BrokerError as error:
                _log.warning("the broker's time cannot be asked", error=str(error))
