"""`Meters`: what a worker tells Prometheus, counted after each commit and so each thing once.

A transaction that failed and was decided again is not seen here. Gauges are set by a timer: a
scrape comes in another thread, which must not walk through a state that is at work.
"""

from collections import Counter as Counts
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, get_args

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from rescind.events.bulk import TOOK_EFFECT
from rescind.events.journal import BulkProgressed, Entry, RequestRefused, TaskCancelled
from rescind.events.requests import Clock, Lane
from rescind.processors.lifecycle.lifecycle import Batch
from rescind.processors.lifecycle.position import Position
from rescind.processors.measuring.stages import STAGES, passed
from rescind.statemachine.clocks import stuck_from
from rescind.statemachine.partition import Partition

__all__ = ["Meters", "Served"]

_log = structlog.get_logger(__name__)

_LANES: Final[tuple[Lane, ...]] = get_args(Lane)
# From a commit on an idle machine (4 ms) to the longest that a cancellation may wait by default.
_STAGE_BUCKETS: Final = (
    *(0.005, 0.01, 0.02, 0.035, 0.05, 0.1, 0.2, 0.5),
    *(1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0, 86400.0),
)
_BATCH_BUCKETS: Final = (1, 5, 20, 100, 500, 2_000, 10_000)
_SECONDS_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


class Meters:
    """The meters of one worker; `registry` is what an endpoint shows."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._events = Counter(
            "rescind_events", "Journal events, by their type.", ["type"], registry=registry
        )
        self._refused = Counter(
            "rescind_refusals", "Refused requests, by their code.", ["code"], registry=registry
        )
        self._cancelled = Counter(
            "rescind_task_runs_cancelled",
            "Cancelled task runs: how each ended, and whether somebody saw it stop.",
            ["how", "confirmed"],
            registry=registry,
        )
        self._bulk_items = Counter(
            "rescind_bulk_items",
            "Flow runs that bulk cancellations have asked, by what came of each.",
            ["outcome"],
            registry=registry,
        )
        self._stages = Histogram(
            "rescind_cancellation_stage_seconds",
            "From the moment a cancel of a flow run was asked to each of its stages.",
            ["stage"],
            buckets=_STAGE_BUCKETS,
            registry=registry,
        )
        self._entries = Histogram(
            "rescind_transaction_events",
            "Journal events that were committed at once.",
            buckets=_BATCH_BUCKETS,
            registry=registry,
        )
        self._commit = Histogram(
            "rescind_commit_seconds",
            "From the first record of a transaction to its commit.",
            buckets=_SECONDS_BUCKETS,
            registry=registry,
        )
        for stage in STAGES:
            self._stages.labels(stage)
        self._gauges = _Gauges(registry)

    def committed(self, batch: Batch, seconds: float, now_ms: int) -> None:
        """Count what a transaction has made true; `seconds` is what its commit took.

        Never raises: what is committed would be decided again.
        """
        try:
            self._committed(batch, seconds, now_ms)
        except Exception:  # noqa: BLE001 - a bug here must not be one of the partition
            _log.exception("a transaction was not measured")

    def _committed(self, batch: Batch, seconds: float, now_ms: int) -> None:
        entries = batch.entries
        self._commit.observe(seconds)
        self._entries.observe(len(entries))
        for name, count in Counts(entry.event.type for entry in entries).items():
            self._events.labels(name).inc(count)
        for stage, passed_after in passed(entries, batch.draft, now_ms):
            self._stages.labels(stage).observe(passed_after)
        self._count_what_is_special(entries)

    def _count_what_is_special(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            match entry.event:
                case RequestRefused(code=code):
                    self._refused.labels(code.value).inc()
                case TaskCancelled(how=how, stopped_confirmed=confirmed):
                    self._cancelled.labels(how.value, str(confirmed).lower()).inc()
                case BulkProgressed(items=items):
                    found = Counts(item.code or TOOK_EFFECT for item in items)
                    for outcome, count in found.items():
                        self._bulk_items.labels(str(outcome)).inc(count)
                case _:
                    pass

    def look_at(self, served: Mapping[int, "Served"], now_ms: int) -> None:
        """Set the gauges from the partitions that are served, by their numbers."""
        self._gauges.set(served, now_ms)


class Served(NamedTuple):
    """A partition at work: its committed state, its clocks, how far it has got, and of what."""

    state: Partition
    clocks: Mapping[Clock, int]
    position: Position
    ends: Mapping[Lane, int]
    """Where each lane ended when it was looked at last."""


class _Gauges:
    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, what: str) -> Gauge:
            return Gauge(f"rescind_{name}", what, ["partition"], registry=registry)

        self._flows = gauge("flow_runs_kept", "Flow runs in memory, those that ended included.")
        self._ended = gauge("flow_runs_to_forget", "Of these, those that wait to be forgotten.")
        self._cancelling = gauge("flow_runs_cancelling", "Flow runs that are being cancelled.")
        self._oldest = gauge(
            "oldest_cancelling_seconds", "For how long the oldest of those has been; 0 without one."
        )
        self._stuck = gauge(
            "flow_runs_stuck", "Of these, those past their deadline, or in quarantine."
        )
        self._armed = gauge("armed_cancels", "Cancels of flow runs that nobody has registered yet.")
        self._left = gauge(
            "bulk_items_left", "Flow runs that running bulk cancellations have to ask."
        )
        self._runners = gauge("runners_kept", "Runners in memory, those that are gone included.")
        self._gone = gauge("runners_to_forget", "Of these, those that wait to be forgotten.")
        self._level = gauge("feature_level", "In which shapes the state of a partition is written.")
        self._read = Gauge(
            "rescind_requests_decided",
            "How far each lane has been decided: the offset of its next request.",
            ["partition", "lane"],
            registry=registry,
        )
        self._lag = Gauge(
            "rescind_requests_waiting",
            "Requests of a lane that Kafka has and nobody has decided: its lag.",
            ["partition", "lane"],
            registry=registry,
        )
        self._all = (
            self._flows, self._ended, self._cancelling, self._oldest, self._stuck, self._armed,
            self._runners, self._gone, self._level, self._left, self._read, self._lag,
        )  # fmt: skip

    def set(self, served: Mapping[int, Served], now_ms: int) -> None:
        for gauge in self._all:
            # A partition that another worker serves now is that one's to speak of.
            gauge.clear()
        for number, (state, clocks, position, ends) in served.items():
            name = str(number)
            for lane in _LANES:
                due = position.of(lane).next
                self._read.labels(name, lane).set(due)
                self._lag.labels(name, lane).set(max(ends.get(lane, due) - due, 0))
            since_ms = min((_asked_ms(state, each) for each in state.cancelling), default=now_ms)
            self._flows.labels(name).set(len(state.flows))
            self._ended.labels(name).set(clocks[Clock.FORGET])
            self._cancelling.labels(name).set(len(state.cancelling))
            self._oldest.labels(name).set(max(now_ms - since_ms, 0) / 1000)
            self._stuck.labels(name).set(_stuck(state, now_ms))
            self._armed.labels(name).set(len(state.armed))
            self._left.labels(name).set(_left_to_ask(state))
            self._runners.labels(name).set(len(state.runners))
            self._gone.labels(name).set(state.gone)
            self._level.labels(name).set(position.level)


def _asked_ms(state: Partition, flow_run_id: str) -> int:
    cancellation = state.flows[flow_run_id].cancellation
    assert cancellation is not None
    return cancellation.asked_ms


def _stuck(state: Partition, now_ms: int) -> int:
    found = (stuck_from(state.flows[each]) for each in state.cancelling)
    return sum(since_ms is not None and since_ms <= now_ms for since_ms in found)


def _left_to_ask(state: Partition) -> int:
    running = [bulk for bulk in state.bulks.values() if bulk.state == "Running"]
    return sum(max((bulk.meant or 0) - bulk.tally.asked, 0) for bulk in running)
