"""A bulk cancellation, moved on by its own events."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from rescind.events.bulk import BulkItem, BulkTally
from rescind.events.journal import (
    BulkCompleted,
    BulkCounted,
    BulkCreated,
    BulkForgotten,
    BulkPaused,
    BulkProgressed,
    BulkResumed,
    BulkStarted,
    BulkStopped,
    Entry,
)
from rescind.statemachine.edges import BULK_EDGES
from rescind.statemachine.evolve.step import impossible, step
from rescind.statemachine.machine import BULK
from rescind.statemachine.runs import Bulk

__all__ = ["evolve_bulk", "tallied"]


def evolve_bulk(bulk: Bulk | None, entry: Entry) -> Bulk:
    """The bulk cancellation after an event of its own.

    Raises:
        NoTransitionError: it has no such step from where it is, or its cursor is elsewhere.

    """
    event = entry.event
    if bulk is None:
        if not isinstance(event, BulkCreated):
            raise impossible("unknown", entry)
        return _created(event, entry)
    state = step(BULK_EDGES, bulk.state, entry)
    changed = _changed(bulk, entry)
    return bulk._replace(state=state, version=entry.version or 0, event_id=entry.id, **changed)


def tallied(tally: BulkTally, items: Iterable[BulkItem]) -> BulkTally:
    """The tally with these items in it."""
    listed = list(items)
    refused = Counter(tally.refused)
    refused.update(item.code for item in listed if item.code is not None)
    return BulkTally(asked=tally.asked + len(listed), refused=dict(refused))


def _created(event: BulkCreated, entry: Entry) -> Bulk:
    return Bulk(
        bulk_id=entry.stream_id,
        state=BULK.initial,
        version=entry.version or 0,
        event_id=entry.id,
        created_id=entry.id,
        created_ms=entry.at_ms,
        where=event.where,
        reason=event.reason,
        mode=event.mode,
        actor=entry.actor,
        grace_seconds=event.grace_seconds,
        deadline_seconds=event.deadline_seconds,
        cascade=event.cascade,
        runs_per_second=event.runs_per_second,
    )


def _changed(bulk: Bulk, entry: Entry) -> dict[str, Any]:
    match entry.event:
        case BulkCounted(count=count, samples=samples, cut=cut):
            return {"meant": count, "samples": samples, "cut": cut}
        case BulkStarted():
            return {"started_ms": entry.at_ms, "started_by": entry.actor}
        case BulkProgressed(after=after, items=items, cursor=cursor):
            if after != bulk.cursor:
                # Some flow runs would have two outcomes here, or none.
                raise impossible(bulk.state, entry)
            return {"cursor": cursor, "tally": tallied(bulk.tally, items)}
        case BulkStopped() | BulkCompleted():
            return {"finished_ms": entry.at_ms}
        case BulkPaused() | BulkResumed() | BulkForgotten():
            return {}
        case _:
            raise impossible(bulk.state, entry)
