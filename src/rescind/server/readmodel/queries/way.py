"""What has happened on the way of a cancellation: rungs that were taken, warnings, teardowns.

All of it is in the journal, and nothing of it is in a column, so what is looked through is bounded:
of the events of task runs the latest ones, of those of the flow run as many as a question may ask.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy import Connection, select

from rescind.errors import JournalError
from rescind.events.journal import (
    CancellationWarning,
    Entry,
    ExecutorFailed,
    InfrastructureTeardown,
    TaskStoppingReported,
)
from rescind.events.words import StreamKind
from rescind.server.readmodel.projecting.placed import plain
from rescind.server.readmodel.queries.answers import StepTaken, TeardownTold, Warned
from rescind.server.readmodel.queries.pages import LIMIT_MAX
from rescind.server.readmodel.queries.timeline import flow_events
from rescind.server.readmodel.storage.tables import events

__all__ = ["steps_taken", "teardowns_told", "warned_of"]

_LOOKED_THROUGH: Final = 2_000
_WARNINGS_MAX: Final = 20
_SAID_MAX: Final = 200
_STEPS: Final = str(TaskStoppingReported.model_fields["type"].default)
_WARNINGS: Final = tuple(
    str(event.model_fields["type"].default) for event in (CancellationWarning, ExecutorFailed)
)
_TEARDOWNS: Final = (str(InfrastructureTeardown.model_fields["type"].default),)


def steps_taken(
    connection: Connection, flow_run_id: str, partition: int, since: int, since_ms: int
) -> tuple[StepTaken, ...]:
    """The rungs that were reported from this moment on, in the order in which each was first.

    Of the latest events about task runs alone: a cancel may have swept 100,000 of them before.
    """
    columns = events.c
    about_tasks = (
        columns.stream_kind == StreamKind.FLOW.value,
        columns.stream_id == plain(flow_run_id),
        columns.partition == partition,
        columns.task_run_id.is_not(None),
    )
    latest = select(columns.offset, columns.at_ms).where(*about_tasks, columns.offset >= since)
    passed_over = connection.execute(
        latest.order_by(columns.offset.desc()).offset(_LOOKED_THROUGH).limit(1)
    ).one_or_none()
    from_there = since if passed_over is None else passed_over.offset + 1
    wanted = select(columns.value).where(*about_tasks, columns.offset >= from_there)
    wanted = wanted.where(columns.type == _STEPS, columns.at_ms >= since_ms)
    found = connection.execute(wanted.order_by(columns.offset))
    at_least = passed_over is not None and passed_over.at_ms >= since_ms
    return _steps(_entries(row.value for row in found), at_least=at_least)


def warned_of(connection: Connection, flow_run_id: str, since: int) -> tuple[Warned, ...]:
    """What executors have warned of, the latest last: one may say the same each second."""
    warned: dict[tuple[str, str], Warned] = {}
    for entry in _latest(connection, flow_run_id, _WARNINGS, since, _SAID_MAX):
        said = entry.event
        if isinstance(said, CancellationWarning | ExecutorFailed):
            failed = isinstance(said, ExecutorFailed)
            # Said again, it is one thing.
            warned.pop((said.runner_id, said.message), None)
            warned[said.runner_id, said.message] = Warned(
                entry.at_ms, said.runner_id, said.executor, said.message, failed
            )
    return tuple(warned.values())[-_WARNINGS_MAX:]


def teardowns_told(
    connection: Connection, flow_run_id: str, since: int
) -> tuple[TeardownTold, ...]:
    """Each teardown as it stands, however much else was said meanwhile."""
    teardowns: dict[str, TeardownTold] = {}
    for entry in _latest(connection, flow_run_id, _TEARDOWNS, since, LIMIT_MAX):
        said = entry.event
        if isinstance(said, InfrastructureTeardown):
            before = teardowns.get(said.target_runner_id)
            teardowns[said.target_runner_id] = _teardown(entry.at_ms, said, before)
    return tuple(teardowns.values())


def _latest(
    connection: Connection, flow_run_id: str, types: tuple[str, ...], since: int, limit: int
) -> Iterator[Entry]:
    """The latest of these types, as they happened."""
    found = flow_events(connection, flow_run_id, types, since=since, limit=limit, newest_first=True)
    return _entries(one.value for one in reversed(found))


def _steps(entries: Iterable[Entry], *, at_least: bool) -> tuple[StepTaken, ...]:
    taken: dict[tuple[str, str], StepTaken] = {}
    of_each: dict[tuple[str, str], set[str]] = {}
    for entry in entries:
        said = entry.event
        if not isinstance(said, TaskStoppingReported):
            continue
        key = (said.rung.value, said.outcome)
        named = of_each.setdefault(key, set())
        named.add(entry.task_run_id or "")
        first = taken[key].first_ms if key in taken else entry.at_ms
        count, last = len(named), entry.at_ms
        taken[key] = StepTaken(said.rung, said.outcome, count, first, last, said.message, at_least)
    return tuple(taken.values())


def _teardown(
    at_ms: int, said: InfrastructureTeardown, before: TeardownTold | None
) -> TeardownTold:
    # Asked again it says no more why the time before has failed, and that is what a person asks.
    asked_again = said.outcome == "asked" and before is not None
    until_ms = said.until if before is None or said.until is not None else before.until_ms
    return TeardownTold(
        runner_id=said.target_runner_id,
        kind=said.handle.kind,
        scope=said.handle.scope,
        is_shared=said.handle.exclusive_to is None,
        outcome=said.outcome,
        at_ms=at_ms,
        asked_of=said.runner_id,
        until_ms=None if said.outcome in {"done", "given_up"} else until_ms,
        code=said.code or (before.code if asked_again and before is not None else ""),
        message=said.message or (before.message if asked_again and before is not None else ""),
    )


def _entries(values: Iterable[bytes | None]) -> Iterator[Entry]:
    for value in values:
        try:
            yield Entry.from_json(value or b"")
        except JournalError:
            # A newer release's: it is in the journal, as it is, for whoever wants it.
            continue
