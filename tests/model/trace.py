"""Requests in the order in which they were sent, as bytes: what happened once can happen again.

A trace can be asked of the core in memory and of a service on Kafka alike. Where a request must
name the cancellation that is then under way, it says ``@now``, and whoever sends it looks up
which that is: the id has the offset of the cancel in it, which is another in each place.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

from rescind.events.requests import Lane

__all__ = ["Sent", "Trace"]

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


@dataclass
class Trace:
    """What was sent, in order."""

    sent: list[Sent] = field(default_factory=list[Sent])

    def to_json(self) -> bytes:
        """A line for each record."""
        lines = [
            orjson.dumps({"lane": lane, "value": value.hex(), "signed": signed})
            for lane, value, signed in self.sent
        ]
        return b"\n".join(lines)

    @classmethod
    def from_json(cls, text: bytes) -> "Trace":
        """Read it back."""
        lines = [orjson.loads(line) for line in text.splitlines()]
        return cls(
            [Sent(line["lane"], bytes.fromhex(line["value"]), line["signed"]) for line in lines]
        )

    def by_anyone(self) -> list[Sent]:
        """Without what only the service says: a real one fires its own clocks."""
        return [sent for sent in self.sent if not sent.signed]
