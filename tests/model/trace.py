"""A life of the service in steps: what was sent, what it took when, where it died.

A trace can be played to the core in memory and to a service on Kafka alike. Where a request must
name the cancellation that is then under way, it says ``@now``, and whoever sends it looks up
which that is: the id has the offset of the cancel in it, which is another in each place.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import orjson

from rescind.events.requests import Lane

__all__ = ["Answered", "Restart", "Sent", "Step", "Turn"]

_NOW: Final = b'"@now"'


class Sent(NamedTuple):
    """One record as it is sent to a lane."""

    lane: Lane
    value: bytes
    signed: bool = False
    """Whether it carries the service's signature."""

    def naming(self, cancellation_id: Callable[[str], str | None]) -> "Sent":
        """With the id of the cancellation that is under way in the flow run it names."""
        if _NOW not in self.value:
            return self
        body: dict[str, Any] = orjson.loads(self.value)
        body["cancellation_id"] = cancellation_id(body["flow_run_id"]) or "none"
        return self._replace(value=orjson.dumps(body))


class Turn(NamedTuple):
    """The service takes up to so many records of each lane, and goes on with what it owes."""

    stop: int
    start: int
    sweep: bool
    now_ms: int


class Restart(NamedTuple):
    """The service dies and comes back."""


class Answered(NamedTuple):
    """It goes on when all that was sent is answered, and whoever has to be told of it is told."""


Step = Sent | Turn | Restart | Answered
