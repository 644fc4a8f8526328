"""What the agents show to Prometheus of hooks."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from rescind.processors.hooking.tries import Try

__all__ = ["HookMeters"]

_HOOK: Final = ("hook",)


class HookMeters:
    """The meters of the hooks of one process, in the registry of that process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._sent = Counter(
            "rescind_hooks_sent_total",
            "Events that a hook has taken.",
            (*_HOOK, "type"),
            registry=registry,
        )
        self._failed = Counter(
            "rescind_hooks_failed_total",
            "Tries to tell a hook something that failed.",
            _HOOK,
            registry=registry,
        )
        self._buried = Counter(
            "rescind_hooks_dead_lettered_total",
            "Events that a hook has not taken, and that are tried no more.",
            _HOOK,
            registry=registry,
        )
        self._open = Gauge(
            "rescind_hooks_undelivered",
            "Events that were read, are to be told by this process, and were not taken yet.",
            _HOOK,
            registry=registry,
        )
        self._oldest = Gauge(
            "rescind_hooks_oldest_undelivered_seconds",
            "How long ago the oldest of those happened; 0 without one.",
            _HOOK,
            registry=registry,
        )
        self._behind = Gauge(
            "rescind_hooks_records_behind",
            "Records of cancellations from the first with something open to the last that came.",
            _HOOK,
            registry=registry,
        )

    def begins(self, hook: str) -> None:
        """Show it, also before there is anything to count."""
        self._failed.labels(hook)
        self._buried.labels(hook)
        self.stands(hook, 0, 0.0, 0)

    def stands(self, hook: str, is_open: int, oldest_seconds: float, behind: int) -> None:
        """Set the gauges. A scrape comes in another thread, which must not look for itself."""
        self._open.labels(hook).set(is_open)
        self._oldest.labels(hook).set(oldest_seconds)
        self._behind.labels(hook).set(behind)

    def tried(self, hook: str, kind: str, answer: Try) -> None:
        """Count one try."""
        if answer.is_taken:
            self._sent.labels(hook, str(kind)).inc()
        else:
            self._failed.labels(hook).inc()

    def buried(self, hook: str) -> None:
        """Count a dead letter."""
        self._buried.labels(hook).inc()
