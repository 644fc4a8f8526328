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

__all__ = ["steps_taken", "told_on_the_way"]

_LOOKED_THROUGH: Final = 2_000
_WARNINGS_MAX: Final = 20
_STEPS: Final = str(TaskStoppingReported.model_fields["type"].default)
_TOLD: Final = tuple(
    str(event.model_fields["type"].default)
    for event in (CancellationWarning, ExecutorFailed, InfrastructureTeardown)
)


def steps_taken(
    connection: Connection, flow_run_id: str, partition: int, since: int
) -> tuple[StepTaken, ...]:
    """The rungs of the ladder that were reported, in the order in which each was first.

    Of the latest events about task runs alone: a cancel may have swept 100,000 of them before.
    """
    columns = events.c
    latest = (
        select(columns.type, columns.value, columns.offset)
        .where(
            columns.stream_kind == StreamKind.FLOW.value,
            columns.stream_id == plain(flow_run_id),
            columns.partition == partition,
            columns.offset >= since,
            columns.task_run_id.is_not(None),
        )
        .order_by(columns.offset.desc())
        .limit(_LOOKED_THROUGH)
        .subquery()
    )
    wanted = select(latest.c.value).where(latest.c.type == _STEPS).order_by(latest.c.offset)
    return _steps(_entries(row.value for row in connection.execute(wanted)))


def told_on_the_way(
    connection: Connection, flow_run_id: str, since: int
) -> tuple[tuple[Warned, ...], tuple[TeardownTold, ...]]:
    """What executors have warned of, the latest last; and each teardown as it stands."""
    found = flow_events(connection, flow_run_id, _TOLD, since=since, limit=LIMIT_MAX)
    warned: dict[tuple[str, str], Warned] = {}
    teardowns: dict[str, TeardownTold] = {}
    for entry in _entries(one.value for one in found):
        match entry.event:
            case CancellationWarning() | ExecutorFailed() as said:
                failed = isinstance(said, ExecutorFailed)
                # Said again each second, it is one thing.
                warned.pop((said.runner_id, said.message), None)
                warned[said.runner_id, said.message] = Warned(
                    entry.at_ms, said.runner_id, said.executor, said.message, failed
                )
            case InfrastructureTeardown() as said:
                before = teardowns.get(said.target_runner_id)
                teardowns[said.target_runner_id] = _teardown(entry.at_ms, said, before)
            case _:
                pass
    return tuple(warned.values())[-_WARNINGS_MAX:], tuple(teardowns.values())


def _steps(entries: Iterable[Entry]) -> tuple[StepTaken, ...]:
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
        taken[key] = StepTaken(
            said.rung, said.outcome, len(named), first, entry.at_ms, said.message
        )
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
