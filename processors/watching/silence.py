"""How long a runner has been silent, counted only while heartbeats demonstrably flow.

A runner is not lost because Kafka was away, or because this process was. So the agent sends a
heartbeat of its own, the canary, through the same partition: while that comes back without a
gap, silence counts; after a gap everyone gets the whole time again. All times are the broker's.
"""

from collections.abc import Set as AbstractSet

__all__ = ["Silence"]


class Silence:
    """The heartbeats of one partition of the topic.

    Args:
        lost_after_ms: how much counted silence makes a runner lost.
        gap_ms: a longer time between two canaries means that nothing flowed.

    """

    def __init__(self, lost_after_ms: int, gap_ms: int) -> None:
        self._lost_after_ms = lost_after_ms
        self._gap_ms = gap_ms
        self._seen: dict[str, int] = {}
        self._flowing_since: int | None = None
        self._canary_ms: int | None = None

    def heartbeat(self, runner_id: str, at_ms: int) -> None:
        """A runner was heard."""
        self._seen[runner_id] = at_ms

    def canary(self, at_ms: int) -> None:
        """Our own heartbeat came back."""
        if self._canary_ms is None or at_ms - self._canary_ms > self._gap_ms:
            self._flowing_since = at_ms
        self._canary_ms = at_ms

    def is_lost(self, runner_id: str, registered_ms: int) -> bool:
        """Whether this runner has been silent for too long, as of the last canary."""
        if self._canary_ms is None or self._flowing_since is None:
            return False
        heard = max(self._seen.get(runner_id, registered_ms), self._flowing_since)
        return self._canary_ms - heard > self._lost_after_ms

    def keep(self, runner_ids: AbstractSet[str]) -> None:
        """Forget all others: nobody waits for them."""
        self._seen = {who: at_ms for who, at_ms in self._seen.items() if who in runner_ids}
