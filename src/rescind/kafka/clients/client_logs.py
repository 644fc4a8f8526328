"""aiokafka's own log, made bearable while a broker is away.

It then writes several lines a second for each client. The first of a kind is passed on, and
after half a minute the next, with the number of those kept back. Nothing is lost of errors that
reach us as exceptions: those are logged by whoever handles them.
"""

import logging
import time
from typing import Final

__all__ = ["calm_client_logs"]

_EVERY_SECONDS: Final = 30.0

# A filter sees only what is logged to its own logger and not to those below, so each is named.
_LOGGERS: Final = (
    "aiokafka",
    "aiokafka.client",
    "aiokafka.cluster",
    "aiokafka.conn",
    "aiokafka.consumer.consumer",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.consumer.subscription_state",
    "aiokafka.producer.producer",
    "aiokafka.producer.sender",
)


def calm_client_logs() -> None:
    """Do it for this process; doing it twice changes nothing."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(f, _OnceInAWhile) for f in logger.filters):
            logger.addFilter(_OnceInAWhile())


class _OnceInAWhile(logging.Filter):
    """Lets a message (its template, not its values) through once in so many seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}
        self._kept_back: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        kind = str(record.msg)
        now = time.monotonic()
        if now - self._last.get(kind, -_EVERY_SECONDS) < _EVERY_SECONDS:
            self._kept_back[kind] = self._kept_back.get(kind, 0) + 1
            return False
        self._last[kind] = now
        if kept_back := self._kept_back.pop(kind, 0):
            record.msg = f"{record.getMessage()} (and {kept_back} more like it)"
            record.args = ()
        return True
