"""`AgentMeters`: what a process of agents tells Prometheus.

What agents do is counted when it is done, and may be done twice. What they have in view is set by
a timer, as a worker's gauges are: each process follows all runners and all cancellations, so these
must not be summed up over processes.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from rescind.processors.watching.cancelling import Open
from rescind.statemachine.clocks import STUCK_AFTER_MS
from rescind.statemachine.runs import Bulk

__all__ = ["BULKS_SHOWN_MAX", "AgentMeters"]

BULKS_SHOWN_MAX: Final = 100
"""Bulk cancellations with series of their own, the latest: anybody may begin one."""

_AT_WORK: Final = frozenset({"Running", "Paused"})


class AgentMeters:
    """The meters of one process; `registry` is what an endpoint shows."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._read: dict[tuple[str, int], int] = {}
        self._given_up = Counter(
            "rescind_runners_given_up",
            "Runners that were asked to be given up since they were silent.",
            registry=registry,
        )
        self._reminders = Counter(
            "rescind_reminders", "Runners that were told again what they missed.", registry=registry
        )
        self._views = _Views(registry)

    def read(self, topic: str, partition: int, offset: int) -> None:
        """An agent has taken this record on."""
        self._read[topic, partition] = offset + 1

    def given_up(self) -> None:
        self._given_up.inc()

    def reminded(self) -> None:
        self._reminders.inc()

    def look_at_runners(self, living: int) -> None:
        self._views.runners.set(living)

    def look_at_cancellations(
        self, cancellations: Sequence[Open], now_ms: int, *, is_current: bool
    ) -> None:
        """What is being cancelled; `is_current`: whether all that was said before is known."""
        views = self._views
        since_ms = min((each.since_ms for each in cancellations), default=now_ms)
        late = [each for each in cancellations if each.deadline_ms + STUCK_AFTER_MS <= now_ms]
        views.cancelling.set(len(cancellations))
        views.oldest.set(max(now_ms - since_ms, 0) / 1000)
        views.stuck.set(len(late))
        views.is_current.set(is_current)

    def look_at_bulks(self, bulks: Sequence[Bulk]) -> None:
        """How far each that is at work has got."""
        meant, done = self._views.meant, self._views.done
        for gauge in (meant, done):
            gauge.clear()
        at_work = [bulk for bulk in bulks if bulk.state in _AT_WORK]
        self._views.bulks.set(len(at_work))
        for bulk in sorted(at_work, key=lambda bulk: -bulk.created_ms)[:BULKS_SHOWN_MAX]:
            meant.labels(bulk.bulk_id).set(bulk.meant or 0)
            done.labels(bulk.bulk_id).set(bulk.tally.asked)

    def look_at_ends(self, ends: Mapping[tuple[str, int], int]) -> None:
        """Where the partitions end that this process reads, by topic and number."""
        lag = self._views.lag
        # A partition that another process reads now is that one's to speak of.
        lag.clear()
        self._read = {place: at for place, at in self._read.items() if place in ends}
        for (topic, partition), due in self._read.items():
            waiting = max(ends[topic, partition] - due, 0)
            lag.labels(topic, str(partition)).set(waiting)


class _Views:
    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, what: str, *labels: str) -> Gauge:
            return Gauge(f"rescind_{name}", what, labels, registry=registry)

        self.runners = gauge("runners_living", "Runners that are registered and not given up.")
        self.cancelling = gauge("cancellations_open", "Flow runs that are being cancelled.")
        self.oldest = gauge(
            "oldest_cancellation_seconds",
            "For how long the oldest of those has been; 0 without one.",
        )
        self.stuck = gauge("cancellations_stuck", "Of these, those that are past their deadline.")
        self.is_current = gauge(
            "cancellations_current", "1 if all of them are known, and runners are told again."
        )
        self.bulks = gauge("bulk_cancellations", "Bulk cancellations that run or are paused.")
        self.meant = gauge("bulk_meant", "Flow runs that such a one means.", "bulk_id")
        self.done = gauge("bulk_asked", "Of these, those that were asked for by now.", "bulk_id")
        self.lag = gauge(
            "agents_lag_offsets",
            "Offsets of a topic that this process has not read.",
            *("topic", "partition"),
        )
