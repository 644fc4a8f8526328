"""What `rescind runner` shows to Prometheus: what became of the orders to end infrastructure."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

__all__ = ["TeardownMeters"]

_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class TeardownMeters:
    """The meters of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._teardowns = Counter(
            "rescind_teardowns_total",
            "Orders to end infrastructure, by what became of them.",
            ("kind", "outcome", "what"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "rescind_teardown_seconds",
            "From an order to its report.",
            ("kind",),
            buckets=_SECONDS,
            registry=self.registry,
        )

    def count(self, kind: str, outcome: str, what: str, seconds: float) -> None:
        """Take one in; `what` is how it ended, or the code of the failure."""
        self._teardowns.labels(kind, outcome, what).inc()
        self._seconds.labels(kind).observe(seconds)
