"""What each topic must be like for the promises to hold.

Only what is listed is compared with a cluster; everything else is the operator's. Sizes are of
whole batches as Kafka counts them: the limit of a lane leaves room for the envelope of a
request of 1 MiB, since what the broker refuses nobody can answer.
"""

from dataclasses import dataclass, field
from typing import Final

from rescind.kafka.topics.names import TopicNames

__all__ = ["LANE_RECORD_BYTES_MAX", "TopicSpec", "record_limits", "topic_specs"]

_SECOND: Final = 1000
_MINUTE: Final = 60 * _SECOND
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR

_KIB: Final = 1 << 10
_MIB: Final = 1 << 20

LANE_RECORD_BYTES_MAX: Final = _MIB + 64 * _KIB
_DEAD_LETTER_BYTES_MAX: Final = LANE_RECORD_BYTES_MAX + 64 * _KIB
# A request's own words come back in events and states, with more around them.
_OUTPUT_BYTES_MAX: Final = 2 * _MIB


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic's name, its settings as Kafka spells them, and what it is for."""

    name: str
    purpose: str
    config: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def record_bytes_max(self) -> int:
        """The largest batch that the topic takes, and so the largest record."""
        return int(self.config["max.message.bytes"])


def topic_specs(names: TopicNames) -> tuple[TopicSpec, ...]:
    """Every topic, in the order in which a request passes them."""
    lane = _deleted(7 * _DAY, LANE_RECORD_BYTES_MAX) | _broker_time()
    states = _deleted(30 * _DAY) | {"cleanup.policy": "compact,delete"}
    signals = _deleted(_HOUR) | _broker_time() | _rolled(10 * _MINUTE, 64 * _MIB)
    return (
        TopicSpec(names.start_requests, "requests that start work", lane),
        TopicSpec(names.stop_requests, "requests that stop or end work", lane),
        TopicSpec(names.journal, "every event and refusal, in order; the truth", _deleted(-1)),
        TopicSpec(names.flow_states, "the state of each flow run", states),
        TopicSpec(names.task_states, "the state of each task run", states),
        TopicSpec(names.cancellations, "events of cancellations alone", _deleted(30 * _DAY)),
        TopicSpec(names.open_flows, "what a worker restores: flow runs, position", _compacted()),
        TopicSpec(names.open_tasks, "what a worker restores: task runs", _compacted()),
        TopicSpec(names.runners, "what a worker restores: runners", _compacted()),
        TopicSpec(
            names.inbox, "what runners are told", _deleted(_DAY) | _rolled(6 * _HOUR, 256 * _MIB)
        ),
        TopicSpec(names.heartbeats, "signs of life of runners", signals),
        TopicSpec(names.reminders, "what runners are told again", signals),
        TopicSpec(
            names.dead_letters,
            "what could not be read, answered or told, as it came",
            _deleted(30 * _DAY, _DEAD_LETTER_BYTES_MAX),
        ),
        TopicSpec(names.tokens, "who may ask over HTTP, without secrets", _compacted()),
    )


def record_limits(names: TopicNames) -> dict[str, int]:
    """Return the bytes of the largest record of each topic."""
    return {spec.name: spec.record_bytes_max for spec in topic_specs(names)}


def _deleted(after_ms: int, record_bytes_max: int = _OUTPUT_BYTES_MAX) -> dict[str, str]:
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(after_ms),
        # By time alone: a busy day must not shorten how long a request can be answered.
        "retention.bytes": "-1",
        "max.message.bytes": str(record_bytes_max),
    }


def _broker_time() -> dict[str, str]:
    """Records get the time of the broker: no client's clock enters an event."""
    return {"message.timestamp.type": "LogAppendTime"}


def _rolled(after_ms: int, size: int) -> dict[str, str]:
    """A file takes no more after so long: the one that is written to is never deleted."""
    return {"segment.ms": str(after_ms), "segment.bytes": str(size)}


def _compacted() -> dict[str, str]:
    return {
        "cleanup.policy": "compact",
        "segment.bytes": str(64 * _MIB),
        # Also rolls the file that is written to; a restore reads what compaction has left.
        "max.compaction.lag.ms": str(5 * _MINUTE),
        "min.cleanable.dirty.ratio": "0.2",
        # A day by default, which a restore would read for each task run that has ended. Whoever
        # reads from the start must reach the end within this time, or misses tombstones.
        "delete.retention.ms": str(_HOUR),
        "max.message.bytes": str(_OUTPUT_BYTES_MAX),
    }
