"""The settings that decisions depend on, and what is known of a request beside its words."""

from dataclasses import dataclass
from typing import NamedTuple

from rescind.events import levels
from rescind.events.requests import Lane
from rescind.events.words import Actor

__all__ = ["Asked", "Policy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Defaults and limits. Durations in seconds; what they mean: the lifecycles' clocks."""

    acknowledge_seconds: float = 15
    grace_seconds: float = 30
    deadline_seconds: float = 300
    wait_seconds_max: float = 86_400
    abort_seconds: float = 30
    armed_seconds: float = 86_400
    armed_max: int = 100_000
    """Armed cancellations in one partition; beyond it the oldest lapses."""
    forget_after_seconds: float = 604_800
    finished_max: int = 25_000
    """Flow runs that have ended in one partition, and as many runners that are gone.

    Beyond it the oldest are forgotten before their time.
    """
    rewrite_after_seconds: float = 604_800
    """How long the public record of an open run may be old before it is written again."""
    grant_valid_seconds: float = 30
    sweep_chunk: int = 250
    """How many task runs one transaction sweeps at most."""
    bulk_unconfirmed_max: int = 100
    """How many flow runs a bulk cancellation may mean without its count being confirmed."""
    accept_unsigned_cancels: bool = True
    feature_level: int = levels.OLDEST
    """What a partition's state is written in at least; see `rescind.events.levels`."""


class Asked(NamedTuple):
    """Where a request lay, when the broker got it, and who is taken to have asked."""

    lane: Lane
    partition: int
    offset: int
    previous: int
    at_ms: int
    """The broker's append time, never less than the last one of the partition."""
    request_id: str
    actor: Actor | None
    signed: bool
    """Whether the record carries the service's own signature over these bytes."""
    traceparent: str | None = None

    def event_id(self, nth: int) -> str:
        """The id of the `nth` entry that answers this request."""
        return f"{self.lane}-{self.partition}-{self.offset}-{nth}"
