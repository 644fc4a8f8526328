"""Which runners a cancellation concerns, and what is said of their being told."""

from rescind.events.journal import CancellationSent
from rescind.statemachine.policy import Policy
from rescind.statemachine.runs import Cancellation, FlowRun

__all__ = ["intents_sent", "who_is_concerned"]


def who_is_concerned(flow: FlowRun, policy: Policy) -> list[str]:
    """Who holds a piece, and who drives it: that one would ask to start more.

    Nobody, when it is over with the next sweep, and nobody whose infrastructure is torn down.
    Sorted, since who holds what is counted in another order after a restart.
    """
    over_at_once = not flow.busy and flow.pending <= policy.sweep_chunk
    driver = [] if flow.runner_id is None or over_at_once else [flow.runner_id]
    return sorted({*flow.holders, *driver} - flow.teardowns.keys())


def intents_sent(
    cancellation: Cancellation, runners: list[str], flow: FlowRun, at_ms: int, policy: Policy
) -> CancellationSent:
    """That these runners are told now, and by when they have to acknowledge."""
    own = flow.clocks.acknowledge_seconds
    seconds = policy.acknowledge_seconds if own is None else own
    return CancellationSent(
        cancellation_id=cancellation.id,
        runner_ids=tuple(runners),
        acknowledge_at=at_ms + round(seconds * 1000),
    )
