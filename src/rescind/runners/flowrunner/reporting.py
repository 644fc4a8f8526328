"""From what an executor saw to what the service is told."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import cast

from pydantic import JsonValue

from rescind.events.words import ErrorInfo, How, RunnerCapabilities
from rescind.runners.client import Ended
from rescind.runners.client.sending.ended import SaidHow
from rescind.runners.executors import Executor, WorkEnd, WorkError

__all__ = ["ended_of", "said_of"]


def ended_of(
    end: WorkEnd,
    *,
    may_be_cancelled: bool = True,
    timed_out: bool = False,
    retry_in_seconds: float | None = None,
    after_ms: int | None = None,
) -> Ended:
    """The report of an attempt's end.

    Args:
        end: what the executor saw.
        may_be_cancelled: False for a body that nobody has asked to stop: it ends its flow run, and
            that is not cancelled by itself. A `Cancelled` of its own is told as a failure.
        timed_out: its own time limit passed, and the ladder ended it.
        retry_in_seconds: the time until the next attempt, if there will be one.
        after_ms: since the intent was read.

    """
    evidence = cast("dict[str, JsonValue]", dict(end.evidence))
    if after_ms is not None:
        evidence["after_ms"] = after_ms
    error = None if end.error is None else error_info(end.error)
    retry_at = None
    if retry_in_seconds is not None:
        retry_at = datetime.now(UTC) + timedelta(seconds=retry_in_seconds)
    if timed_out and end.end != "success":
        return Ended.timed_out(error, retry_at=retry_at, evidence=evidence)
    match end.end:
        case "success":
            return Ended.success(evidence=evidence)
        case "cancelled" if may_be_cancelled or end.how == "never_started":
            return _cancelled(end, error, evidence)
        case "crashed":
            confirmed = end.stopped_confirmed
            return Ended.crashed(
                error, retry_at=retry_at, stopped_confirmed=confirmed, evidence=evidence
            )
        case "failed" | "cancelled":
            return Ended.failed(error, retry_at=retry_at, evidence=evidence)


def said_of(executor: Executor, *, may_exit: bool) -> RunnerCapabilities:
    """What an executor declares, for the service; `may_exit`: its flow allows that."""
    can = executor.capabilities
    return RunnerCapabilities(
        executor=executor.name,
        can_stop_pending=can.can_stop_pending,
        can_interrupt=can.can_interrupt,
        can_kill=can.can_kill,
        # What is elsewhere goes on when this process ends.
        may_exit=may_exit or not (can.can_kill or can.is_elsewhere),
        survivors=can.survivors[:2_000],
    )


def _cancelled(end: WorkEnd, error: ErrorInfo | None, evidence: Mapping[str, JsonValue]) -> Ended:
    how: SaidHow = How.GRACEFUL
    if end.how == "forced":
        how = How.FORCED
    elif end.how == "never_started":
        how = How.NEVER_STARTED
    return Ended.cancelled(
        how, stopped_confirmed=end.stopped_confirmed, error=error, evidence=evidence
    )


def error_info(error: WorkError) -> ErrorInfo:
    """An error of user code as the wire has it, cut to what a record can hold."""
    trace = error.traceback
    return ErrorInfo(
        type=error.type[:256],
        message=error.message[:8_000],
        # The end of a traceback is where it happened.
        traceback=None if trace is None else trace[-32_000:],
    )
