"""State records against the fold, each at its own version.

The records of a running service are read after the journal's end and may be ahead of it. So
what does not agree at once is kept, and asked about again whenever its run moves on.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, cast

import orjson

from rescind.errors import UnreadableStateError
from rescind.events.journal import CancellationAcknowledged, Entry, StreamKind
from rescind.statemachine.audit.findings import FindingCode, Findings
from rescind.statemachine.audit.streams import Streams
from rescind.statemachine.partition import Known
from rescind.statemachine.records import BULK_KEY, public_flow, public_task, read_open
from rescind.statemachine.runs import NO_TALLY, FlowRun, TaskRun

__all__ = ["States", "Topic"]


class Topic(StrEnum):
    """Where a state record was read."""

    FLOW_STATES = "flow-states"
    TASK_STATES = "task-states"
    OPEN_FLOWS = "open-flows"
    OPEN_TASKS = "open-tasks"
    RUNNERS = "runners"


_Key = tuple[Topic, str]


class States:
    """Records that were compared, and those that do not agree yet."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._disputed: dict[_Key, bytes] = {}
        self._missing: list[_Key] = []

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing waits for its run to move on."""
        return not self._disputed

    def compare(self, topic: Topic, records: Iterable[tuple[str, bytes]]) -> None:
        """Compare the last record of each key of a topic; all keys that it has."""
        seen = set[str]()
        for key, value in records:
            seen.add(key)
            if not self._agrees(topic, key, value):
                self._disputed[topic, key] = value
        self._missing += [(topic, key) for key in self._expected(topic) if key not in seen]

    def see(self, entry: Entry) -> None:
        """A run has moved on."""
        for topic, key in _keys_of(entry):
            value = self._disputed.get((topic, key))
            if value is not None and self._agrees(topic, key, value):
                del self._disputed[topic, key]

    def report(self, findings: Findings) -> None:
        """Note what still does not agree."""
        for (topic, key), value in self._disputed.items():
            if self._agrees(topic, key, value):
                continue
            known = self._fold_of(topic, key)
            if known is None and self._was_forgotten(topic, key):
                continue
            if known is None and not self._has_ended(topic, key):
                findings.add(
                    FindingCode.STATE_UNKNOWN,
                    "a run that the journal has",
                    "it has none under this key",
                    where=f"{topic.value} {key}",
                )
            else:
                but = _difference(known, topic, value)
                expected = "what the journal says"
                where = f"{topic.value} {key}"
                findings.add(FindingCode.STATE_DIFFERS, expected, but, where=where)
        # What has ended since then may have been dropped before the topic was read.
        still = {topic: set(self._expected(topic)) for topic, _ in self._missing}
        for topic, key in self._missing:
            if key not in still[topic]:
                continue
            findings.add(
                FindingCode.STATE_MISSING,
                "a record of every run that is open",
                "there is none under this key",
                where=f"{topic.value} {key}",
            )

    def _agrees(self, topic: Topic, key: str, value: bytes) -> bool:
        known = self._fold_of(topic, key)
        try:
            match topic:
                case Topic.FLOW_STATES:
                    return isinstance(known, FlowRun) and self._is_flow_state(known, value)
                case Topic.TASK_STATES:
                    if isinstance(known, TaskRun):
                        return public_task(known) == value
                    ended = self._streams.ended.get(key.partition("/")[0])
                    return ended is not None and value in ended
                case Topic.OPEN_TASKS:
                    return self._is_open_task(known, key, value)
                case Topic.OPEN_FLOWS | Topic.RUNNERS:
                    return self._is_open_record(known, value)
        except (UnreadableStateError, orjson.JSONDecodeError, KeyError, TypeError):
            return False

    def _is_flow_state(self, known: FlowRun, value: bytes) -> bool:
        said: dict[str, Any] = orjson.loads(value)
        version = said["version"]
        return self._is_of_now(known, version) and said == orjson.loads(
            public_flow(known._replace(version=version))
        )

    def _is_of_now(self, known: FlowRun, version: int) -> bool:
        # The record is not written with each task run's event, though they raise the version.
        return self._streams.spoken.get(known.flow_run_id, 0) <= version <= known.version

    def _is_open_task(self, known: object, key: str, value: bytes) -> bool:
        said = read_open(value)
        if known is not None:
            return said == known
        # A stub that waits to be dropped.
        ended = self._streams.ended.get(key.partition("/")[0])
        return ended is not None and isinstance(said, TaskRun) and public_task(said) in ended

    def _is_open_record(self, known: object, value: bytes) -> bool:
        said = read_open(value)
        if not (isinstance(said, FlowRun) and isinstance(known, FlowRun)):
            return said == known
        return self._is_of_now(known, said.version) and _own(said) == _own(known)

    def _fold_of(self, topic: Topic, key: str) -> Known | None:
        draft = self._streams.draft
        match topic:
            case Topic.RUNNERS:
                return draft.runners.get(key)
            case Topic.FLOW_STATES:
                return draft.flows.get(key)
            case Topic.OPEN_FLOWS if key.startswith(BULK_KEY):
                return draft.bulks.get(key.removeprefix(BULK_KEY))
            case Topic.OPEN_FLOWS:
                return draft.flows.get(key) or draft.armed.get(key)
            case Topic.TASK_STATES | Topic.OPEN_TASKS:
                flow_run_id, _, task_run_id = key.partition("/")
                return draft.tasks.get(flow_run_id, {}).get(task_run_id)

    def _has_ended(self, topic: Topic, key: str) -> bool:
        return (
            topic in {Topic.TASK_STATES, Topic.OPEN_TASKS}
            and key.partition("/")[0] in self._streams.ended
        )

    def _was_forgotten(self, topic: Topic, key: str) -> bool:
        # State records outlive the service's memory of a run.
        return topic in {Topic.FLOW_STATES, Topic.TASK_STATES} and (
            key.partition("/")[0].encode() in self._streams.forgotten
        )

    def _expected(self, topic: Topic) -> Iterator[str]:
        """The keys that a topic must have; of what has ended, records may have expired."""
        draft = self._streams.draft
        match topic:
            case Topic.RUNNERS:
                yield from draft.runners
            case Topic.FLOW_STATES:
                yield from (key for key, flow in draft.flows.items() if flow and not flow.end)
            case Topic.OPEN_FLOWS:
                yield from draft.flows
                yield from draft.armed
                yield from (f"{BULK_KEY}{bulk_id}" for bulk_id in draft.bulks)
            case Topic.TASK_STATES | Topic.OPEN_TASKS:
                for flow_run_id, tasks in draft.tasks.items():
                    yield from (f"{flow_run_id}/{task_run_id}" for task_run_id in tasks)


def _keys_of(entry: Entry) -> Iterator[_Key]:
    """Where the records of what an entry changes lie."""
    stream_id = entry.stream_id
    if entry.stream_kind is StreamKind.BULK:
        yield Topic.OPEN_FLOWS, f"{BULK_KEY}{stream_id}"
        return
    yield from ((topic, stream_id) for topic in (Topic.FLOW_STATES, Topic.OPEN_FLOWS))
    yield Topic.RUNNERS, stream_id
    task_run_ids = [] if entry.task_run_id is None else [entry.task_run_id]
    if isinstance(entry.event, CancellationAcknowledged):
        task_run_ids += [held.task_run_id for held in entry.event.held]
    for task_run_id in task_run_ids:
        yield Topic.TASK_STATES, f"{stream_id}/{task_run_id}"
        yield Topic.OPEN_TASKS, f"{stream_id}/{task_run_id}"


def _own(flow: FlowRun) -> FlowRun:
    """What of a flow run is its own: counts follow from its task runs, and move with them."""
    tally = flow.tally if flow.end is not None else NO_TALLY
    return flow._replace(
        version=0, tally=tally, pending=0, running=0, holders={}, children=0, unwaited=0
    )


def _difference(known: object, topic: Topic, value: bytes) -> str:
    """The first field that differs, in words."""
    if not isinstance(known, FlowRun | TaskRun) or topic not in {
        Topic.FLOW_STATES,
        Topic.TASK_STATES,
    }:
        return "the record says something else"
    ours = orjson.loads(public_flow(known) if isinstance(known, FlowRun) else public_task(known))
    try:
        read: object = orjson.loads(value)
    except orjson.JSONDecodeError:
        read = None
    if not isinstance(read, dict):
        return "the record is no JSON object"
    theirs = cast(dict[str, object], read)
    for name in sorted({*ours, *theirs}):
        if ours.get(name) != theirs.get(name):
            return f"{name} is {theirs.get(name)!r} and not {ours.get(name)!r}"
    return "the record says something else"
