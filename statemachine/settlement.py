"""The end of a cancelling flow run: when nothing of it is open and nothing is left to sweep.

It follows in the same step as the last end of a task run, so there is no moment in which all
task runs are finished and the flow run is not. Nobody asks for it, and nobody can.
"""

from rescind.events.journal import Account, FlowCancelled, FlowFailed
from rescind.events.words import ErrorInfo
from rescind.statemachine.decide.answers import Happened
from rescind.statemachine.edges import is_cancelling
from rescind.statemachine.runs import FlowRun, Tally

__all__ = ["account_of", "settle"]


def settle(flow: FlowRun, at_ms: int) -> Happened | None:
    """The end of this flow run, if it is due."""
    cancellation = flow.cancellation
    if not is_cancelling(flow.state) or cancellation is None or flow.open or flow.quarantined:
        return None
    account = account_of(flow.tally, at_ms - cancellation.asked_ms)
    match cancellation.named_end:
        case "failed" | "crashed" | "timed_out" as end:
            error = ErrorInfo(type=end, message=cancellation.reason)
            return Happened(FlowFailed(end=end, error=error, account=account))
        case _:
            return Happened(
                FlowCancelled(
                    cancellation_id=cancellation.id,
                    reason=cancellation.reason,
                    mode=cancellation.mode,
                    account=account,
                )
            )


def account_of(tally: Tally, took_ms: int) -> Account:
    """What became of the task runs, for the final event."""
    return Account(
        cancelled=tally.cancelled,
        never_started=tally.never_started,
        not_retried=tally.not_retried,
        succeeded=tally.succeeded,
        failed=tally.failed,
        unconfirmed=tally.unconfirmed,
        took_ms=max(took_ms, 0),
    )
