"""A bulk cancellation as it is shown, with its pace: pure."""

from rescind.events.bulk import TOOK_EFFECT, BulkTally
from rescind.server.api.bulks.words import BulkCancellation, BulkItem, BulkProgress, BulkWhere
from rescind.server.api.reads.words import HaltShown
from rescind.server.readmodel.queries.answers import BulkItemRow, BulkRow

__all__ = ["outcomes_of", "show", "show_item"]


def show(row: BulkRow, unconfirmed_max: int) -> BulkCancellation:
    """``unconfirmed_max``: how many flow runs may be meant without a confirmation."""
    bulk, halt = row.bulk, row.halt
    return BulkCancellation(
        bulk_id=bulk.bulk_id,
        state=bulk.state,
        is_finished=bulk.finished_ms is not None,
        version=bulk.version,
        where=BulkWhere(**dict(bulk.where)),
        reason=bulk.reason,
        mode=bulk.mode,
        grace_seconds=bulk.grace_seconds,
        deadline_seconds=bulk.deadline_seconds,
        cascade=bulk.cascade,
        runs_per_second=bulk.runs_per_second,
        created_at=bulk.created_ms,
        created_by=bulk.actor,
        started_at=bulk.started_ms,
        started_by=bulk.started_by,
        finished_at=bulk.finished_ms,
        forgotten_at=row.forgotten_at_ms,
        count=bulk.meant,
        samples=bulk.samples,
        cut=bulk.cut,
        needs_confirmation=(bulk.meant or 0) > unconfirmed_max,
        progress=_progress_of(row),
        halt=None
        if halt is None
        else HaltShown(partition=halt.partition, offset=halt.offset, error=halt.error),
    )


def _progress_of(row: BulkRow) -> BulkProgress | None:
    """How far it is; None before it is started."""
    bulk = row.bulk
    if bulk.started_ms is None:
        return None
    asked, of = bulk.tally.asked, bulk.meant or 0
    per_second = _per_second(row) if bulk.state == "Running" else None
    return BulkProgress(
        asked=asked,
        of=of,
        outcomes=outcomes_of(bulk.tally),
        last_asked_at=row.told_ms,
        per_second=per_second,
        seconds_left=None if per_second is None else max(0, of - asked) / per_second,
    )


def outcomes_of(tally: BulkTally) -> dict[str, int]:
    """How many of each outcome, those that took effect first, and then the most frequent."""
    refused = sorted(tally.refused.items(), key=lambda one: (-one[1], one[0]))
    effective = tally.asked - sum(tally.refused.values())
    found = {TOOK_EFFECT: effective} | {code.value: count for code, count in refused}
    return {outcome: count for outcome, count in found.items() if count}


def _per_second(row: BulkRow) -> float | None:
    """By what was seen since it runs; before anything was, what it may be at most."""
    seen = row.bulk.tally.asked - (row.since_asked or 0)
    if row.since_ms is None or row.told_ms is None or seen <= 0 or row.told_ms <= row.since_ms:
        return row.bulk.runs_per_second
    return seen * 1000 / (row.told_ms - row.since_ms)


def show_item(row: BulkItemRow) -> BulkItem:
    return BulkItem(
        number=row.number,
        flow_run_id=row.flow_run_id,
        outcome=row.outcome,
        event_id=row.event_id,
        at=row.at_ms,
        name=row.name,
        state=row.state,
    )
