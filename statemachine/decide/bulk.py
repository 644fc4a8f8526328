"""A bulk cancellation is created, counted, started, held up, told of and forgotten.

What it cancels is asked flow run by flow run, by ``flow.cancel`` like any other: nothing here
looks at one.
"""

from typing import Final

from rescind.events.bulk import BulkItem
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
)
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
from rescind.statemachine.decide.answers import Answer, Happened, Refused, refuse
from rescind.statemachine.decide.guards import not_struck
from rescind.statemachine.draft import Draft
from rescind.statemachine.edges import BULK_EDGES, is_finished
from rescind.statemachine.evolve.bulk import tallied
from rescind.statemachine.policy import Asked, Policy
from rescind.statemachine.runs import Bulk

__all__ = [
    "count_bulk",
    "create_bulk",
    "forget_bulk",
    "pause_bulk",
    "progress_bulk",
    "resume_bulk",
    "start_bulk",
    "stop_bulk",
]

# What was asked for is the case already.
_DONE: Final = {
    "bulk.started": "Running",
    "bulk.paused": "Paused",
    "bulk.resumed": "Running",
    "bulk.stopped": "Finished.Stopped",
}


def create_bulk(request: BulkCreate, draft: Draft) -> Answer:
    """A draft, under an id that is not in use."""
    bulk = draft.bulk(request.bulk_id)
    if bulk is not None:
        return refuse(
            Code.ALREADY_FINISHED if is_finished(bulk.state) else Code.DUPLICATE,
            "an id that is not in use",
            f"{bulk.bulk_id!r} is {bulk.state}",
            first=bulk.created_id,
        )
    created = BulkCreated(
        where=request.where,
        reason=request.reason,
        mode=request.mode,
        grace_seconds=request.grace_seconds,
        deadline_seconds=request.deadline_seconds,
        cascade=request.cascade,
        runs_per_second=request.runs_per_second,
    )
    return (Happened(created),)


def count_bulk(request: BulkCount, draft: Draft) -> Answer:
    """The count and the cut of a draft, once."""
    bulk = _that_can(draft.bulk(request.bulk_id), request.bulk_id, "bulk.counted", Code.STALE)
    if isinstance(bulk, Refused):
        return bulk
    counted = BulkCounted(count=request.count, samples=request.samples, cut=request.cut)
    return (Happened(counted),)


def start_bulk(request: BulkStart, draft: Draft, policy: Policy) -> Answer:
    """Begin, if it has been counted, and confirmed where it means many."""
    bulk = _that_can(draft.bulk(request.bulk_id), request.bulk_id, "bulk.started")
    if isinstance(bulk, Refused):
        return bulk
    count, confirmed = bulk.meant or 0, request.confirmed_count
    if count > policy.bulk_unconfirmed_max and (confirmed is None or confirmed < count):
        return refuse(
            Code.CONFIRMATION_NEEDED,
            f"`confirmed_count` of at least {count}, as it means so many flow runs and more than "
            f"{policy.bulk_unconfirmed_max}",
            "there is none" if confirmed is None else f"it is {confirmed}",
        )
    return (Happened(BulkStarted(confirmed_count=confirmed)),)


def pause_bulk(request: BulkPause, draft: Draft) -> Answer:
    """Ask no further flow run for now."""
    bulk = _that_can(draft.bulk(request.bulk_id), request.bulk_id, "bulk.paused")
    return bulk if isinstance(bulk, Refused) else (Happened(BulkPaused()),)


def resume_bulk(request: BulkResume, draft: Draft) -> Answer:
    """Go on where it was paused."""
    bulk = _that_can(draft.bulk(request.bulk_id), request.bulk_id, "bulk.resumed")
    return bulk if isinstance(bulk, Refused) else (Happened(BulkResumed()),)


def stop_bulk(request: BulkStop, draft: Draft) -> Answer:
    """Ask no further flow run, for good."""
    bulk = _that_can(draft.bulk(request.bulk_id), request.bulk_id, "bulk.stopped")
    return bulk if isinstance(bulk, Refused) else (Happened(BulkStopped()),)


def progress_bulk(request: BulkProgress, draft: Draft) -> Answer:
    """What came of the next flow runs, each once, and the end if none is left."""
    bulk = _that_can(draft.bulk(request.bulk_id), request.bulk_id, "bulk.progressed", Code.STALE)
    if isinstance(bulk, Refused):
        return bulk
    if bulk.started_ms is None or request.after != bulk.cursor:
        return refuse(
            Code.STALE,
            "the flow runs after its cursor",
            "these are after another one; they were told of before, or are not their turn",
        )
    happened: list[Happened] = []
    if request.items and request.cursor is not None:
        happened.append(_progressed(request, request.items, bulk))
    if request.last and bulk.state == "Running":
        tally = tallied(bulk.tally, request.items)
        happened.append(Happened(BulkCompleted(tally=tally)))
    if not happened:
        return refuse(Code.STALE, "flow runs that were asked", f"none was, and it is {bulk.state}")
    return tuple(happened)


def _progressed(request: BulkProgress, items: tuple[BulkItem, ...], bulk: Bulk) -> Happened:
    assert request.cursor is not None  # Its caller has asked.
    return Happened(BulkProgressed(after=bulk.cursor, items=items, cursor=request.cursor))


def forget_bulk(request: BulkForget, asked: Asked, draft: Draft, policy: Policy) -> Answer:
    """The end of the record of one that is over, or was never started."""
    bulk = draft.bulk(request.bulk_id)
    due_ms = None if bulk is None else bulk_clocks(bulk, policy).get(Clock.FORGET)
    objection = not_struck(Clock.FORGET, request.due_at, due_ms, asked)
    return objection or (Happened(BulkForgotten()),)


def _that_can(
    bulk: Bulk | None, bulk_id: str, step: str, otherwise: Code = Code.NO_SUCH_EDGE
) -> Bulk | Refused:
    """It, if it is known and has this step from where it is."""
    if bulk is None:
        return refuse(
            Code.UNKNOWN_BULK, "a bulk cancellation", f"{bulk_id!r} is not known; create it first"
        )
    if (bulk.state, step) in BULK_EDGES:
        return bulk
    if _DONE.get(step) == bulk.state:
        return refuse(
            Code.DUPLICATE,
            f"one that is not {bulk.state}",
            f"{bulk_id!r} is, as was asked",
            first=bulk.event_id,
        )
    if is_finished(bulk.state):
        return refuse(
            Code.ALREADY_FINISHED,
            "a bulk cancellation that has not ended",
            f"{bulk_id!r} is {bulk.state}",
            first=bulk.event_id,
        )
    return refuse(
        otherwise,
        f"a bulk cancellation of which `{step}` can follow",
        f"{bulk_id!r} is {bulk.state}" + ("; it is being counted" if bulk.state == "Draft" else ""),
    )
