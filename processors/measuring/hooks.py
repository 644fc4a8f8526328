"""What the agents show to Prometheus of hooks."""

from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge

from rescind.processors.hooking.tries import Try

__all__ = ["HookMeters"]

_HOOK: Final = ("hook",)


class _Standing(Protocol):
    @property
    def open(self) -> int: ...

    def oldest_seconds(self) -> float: ...


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

    def shows(self, hook: str, standing: _Standing) -> None:
        """From now on the gauges of a hook say this."""
        self._failed.labels(hook)
        self._buried.labels(hook)
        self._open.labels(hook).set_function(lambda: standing.open)
        self._oldest.labels(hook).set_function(standing.oldest_seconds)

    def tried(self, hook: str, kind: str, answer: Try) -> None:
        """Count one try."""
        if answer.is_taken:
            self._sent.labels(hook, str(kind)).inc()
        else:
            self._failed.labels(hook).inc()

    def buried(self, hook: str) -> None:
        """Count a dead letter."""
        self._buried.labels(hook).inc()
