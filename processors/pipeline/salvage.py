"""A batch that failed, taken apart: which record is at fault, and what becomes of it.

Each record is decided and written alone. One that still fails is refused ``internal_error`` and
buried, and the partition goes on. Rule: a record is at fault only if a transaction without it
goes through right after one with it has failed. When Kafka is in trouble nobody's request is
refused for it: that is raised, and the partition is restored.
"""

import asyncio
from contextlib import AbstractContextManager

import structlog

from rescind.errors import (
    BrokerError,
    NoTransitionError,
    RecordTooLargeError,
    TransactionFailedError,
)
from rescind.processors.lifecycle.lifecycle import Batch, Read, impossible_in
from rescind.processors.lifecycle.place import request_in, traceparent_of
from rescind.processors.pipeline.commits import Commits
from rescind.statemachine.families import Errand
from rescind.statemachine.sweeps import Sweep
from rescind.tracing.lines import about

__all__ = ["salvage"]

TRIES = 3
BACKOFF_SECONDS = 0.2

_log = structlog.get_logger(__name__)


async def salvage(commits: Commits, taken: list[Read]) -> None:
    """Decide these records one by one, then record errands and sweep, one at a time.

    Raises:
        FencedError: another worker has the partition.
        BrokerError: Kafka is in trouble; the partition must be restored.

    """
    for read in taken:
        with _about(read):
            await _decide_alone(commits, read)
    for errand in commits.errands.told(commits.life.policy.sweep_chunk):
        await _record_alone(commits, errand)
    for sweep in tuple(commits.life.owed):
        await _sweep_alone(commits, sweep)


async def _decide_alone(commits: Commits, read: Read) -> None:
    error = await _alone(commits, read)
    if error is not None:
        offset = read.record.offset
        _log.error("a request is refused", lane=read.lane, offset=offset, exc_info=error)
        await _refuse(commits, read, error)


def _about(read: Read) -> AbstractContextManager[None]:
    request = request_in(read.record)
    return about(
        flow_run_id=getattr(request, "flow_run_id", None),
        task_run_id=getattr(request, "task_run_id", None),
        request_id=request.request_id,
        traceparent=traceparent_of(read.record, request),
    )


async def _alone(commits: Commits, read: Read) -> Exception | None:
    """Decide and write one record; the error, if it cannot be done."""
    failures = 0
    while True:
        try:
            batch = commits.begin()
            batch.take(read)
            await commits.commit(batch)
        except TransactionFailedError as error:
            await _exonerate_kafka(commits)
            failures += 1
            if failures == TRIES:
                return error
            await asyncio.sleep(BACKOFF_SECONDS * failures)
        except NoTransitionError as error:
            if not await _quarantine_other(commits, read, error):
                return error
        except Exception as error:
            if commits.is_astray or not _may_be_its_fault(error):
                raise
            return error
        else:
            return None


def _may_be_its_fault(error: Exception) -> bool:
    return isinstance(error, RecordTooLargeError) or not isinstance(error, BrokerError)


async def _exonerate_kafka(commits: Commits) -> None:
    """Show that a transaction without the record that was in the last one goes through.

    Raises:
        TransactionFailedError: it does not.
        CommitLostError: Kafka has less than it had committed.

    """
    await commits.start_again()
    await commits.probe()


async def _quarantine_other(commits: Commits, read: Read, error: NoTransitionError) -> bool:
    """Whether it was another flow run than the request's own; that is closed, and it may go on."""
    request = request_in(read.record)
    flow_run_id = impossible_in(error) or ""
    flow = commits.life.base.flows.get(flow_run_id)
    if flow is None or flow_run_id == getattr(request, "stream_id", None):
        return False
    batch = commits.begin()
    try:
        batch.quarantine(flow_run_id, flow.event_id, error)
    except NoTransitionError:
        return False
    if batch.is_empty:
        return False
    _log.error("a flow run is quarantined", flow_run_id=flow_run_id, error=str(error))
    await commits.commit(batch)
    return True


async def _refuse(commits: Commits, read: Read, error: Exception) -> None:
    try:
        batch = commits.begin()
        batch.refuse_bug(read, error)
        await commits.commit(batch)
        return
    except TransactionFailedError:
        await _exonerate_kafka(commits)
    except Exception as second:
        if commits.is_astray or not _may_be_its_fault(second):
            raise
        _log.exception("the refusal failed as well", lane=read.lane, offset=read.record.offset)
    batch = commits.begin()
    batch.refuse_barely(read, error)
    await commits.commit(batch)


async def _record_alone(commits: Commits, errand: Errand) -> None:
    told = (errand,)
    try:
        batch = commits.begin()
        batch.record_errands(told)
        await commits.commit(batch, told=told)
    except Exception as error:
        if commits.is_astray or not _may_be_its_fault(error):
            raise
        _log.exception("an errand could not be recorded", flow_run_id=errand.flow_run_id)
        # It would fail for ever, and the broker has it.
        commits.errands.recorded(told)


async def _sweep_alone(commits: Commits, sweep: Sweep) -> None:
    try:
        batch = commits.begin()
        batch.sweep(sweep)
        await commits.commit(batch, (sweep,))
    except Exception as error:
        if commits.is_astray or not _may_be_its_fault(error):
            raise
        _log.exception("a sweep failed", kind=sweep.kind, flow_run_id=sweep.flow_run_id)
        if not await _quarantine_swept(commits, sweep, error):
            # It would fail for ever; what is known of its runs says that they are open.
            commits.life.owed.pop(sweep, None)


async def _quarantine_swept(commits: Commits, sweep: Sweep, error: Exception) -> bool:
    """Close the flow run at which a sweep has failed; whether the sweep may go on without it."""
    batch: Batch = commits.begin()
    try:
        batch.quarantine(impossible_in(error) or sweep.flow_run_id, sweep.cause, error)
    except NoTransitionError:
        return False
    if batch.is_empty:
        return False
    await commits.commit(batch)
    return True
