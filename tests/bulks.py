"""Requests about one bulk cancellation, `BULK`, by their shortest names, and what it stands for."""

from typing import Any

from rescind.events.bulk import BulkCursor, BulkItem, Cut, FlowPredicate
from rescind.events.refusals import Code
from rescind.events.requests import (
    BulkCount,
    BulkCreate,
    BulkForget,
    BulkPause,
    BulkProgress,
    BulkResume,
    BulkStart,
    BulkStop,
    Clock,
)
from rescind.statemachine.clocks import bulk_clocks
from rescind.statemachine.runs import Bulk
from tests.scenario import Step
from tests.world import NOON_MS, World

__all__ = [
    "BULK",
    "MANY",
    "completed",
    "counted",
    "created",
    "cursor",
    "forgets_bulk",
    "item",
    "known_bulk",
    "paused",
    "progress",
    "resumed",
    "running",
    "started_bulk",
    "stopped_bulk",
]

BULK = "bulk-1"
MANY = 101
"""More than may be started without being confirmed."""

created = BulkCreate(bulk_id=BULK, where=FlowPredicate(labels={"team": "etl"}), reason="enough")
started_bulk = BulkStart(bulk_id=BULK)
paused = BulkPause(bulk_id=BULK)
resumed = BulkResume(bulk_id=BULK)
stopped_bulk = BulkStop(bulk_id=BULK)


def counted(count: int = 3) -> BulkCount:
    """So many flow runs are meant, of those that were there at noon."""
    return BulkCount(
        bulk_id=BULK, count=count, samples=("f1",), cut=(Cut(partition=0, until=NOON_MS),)
    )


def cursor(name: str) -> BulkCursor:
    return BulkCursor(registered_at=NOON_MS, flow_run_id=name)


def item(name: str, code: Code | None = None) -> BulkItem:
    return BulkItem(flow_run_id=name, code=code, event_id=f"stop-0-{name}-0")


def progress(*items: BulkItem, after: str | None = None, last: bool = False) -> BulkProgress:
    """What came of some flow runs, the ones behind the one that is named."""
    return BulkProgress(
        bulk_id=BULK,
        after=None if after is None else cursor(after),
        items=items,
        cursor=cursor(items[-1].flow_run_id) if items else None,
        last=last,
    )


def forgets_bulk(world: World) -> Any:
    """The clock that forgets it strikes when it is due."""
    due_ms = bulk_clocks(known_bulk(world), world.policy)[Clock.FORGET]
    world.now_ms = max(world.now_ms, due_ms)
    return world.ask(BulkForget(bulk_id=BULK, due_at=due_ms))


def known_bulk(world: World) -> Bulk:
    """The bulk cancellation, which has to be there."""
    return world.base.bulks[BULK]


running: tuple[Step, ...] = (created, counted(), started_bulk)
completed: tuple[Step, ...] = (*running, progress(item("f1"), last=True))
