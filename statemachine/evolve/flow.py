"""A flow run, moved on by its own events."""

from rescind.events.journal import (
    CancellationEscalated,
    ChildEndSent,
    Entry,
    FlowBodyFinished,
    FlowCancelled,
    FlowCancelling,
    FlowFailed,
    FlowQuarantined,
    FlowRegistered,
    FlowStarted,
    FlowSucceeded,
    InfrastructureTeardown,
)
from rescind.events.words import End
from rescind.statemachine.edges import FLOW_EDGES
from rescind.statemachine.evolve.cancellation import begun, begun_and_over, continued
from rescind.statemachine.evolve.step import impossible, step
from rescind.statemachine.evolve.teardown import hurried, torn_down
from rescind.statemachine.machine import FLOW
from rescind.statemachine.runs import FlowRun

__all__ = ["evolve_flow"]


def evolve_flow(flow: FlowRun | None, entry: Entry) -> FlowRun:
    """The flow run after an event of its own (not of one of its task runs).

    Raises:
        NoTransitionError: its state has no edge for it, or it was never registered.

    """
    event = entry.event
    if isinstance(event, FlowRegistered):
        if flow is not None:
            raise impossible(flow.state, entry)
        return _registered_flow(event, entry)
    if flow is None:
        raise impossible("unregistered", entry)
    state = step(FLOW_EDGES, flow.state, entry)
    moved = flow._replace(state=state, version=entry.version or 0, event_id=entry.id)
    match event:
        case FlowStarted():
            return moved._replace(
                runner_id=event.runner_id,
                body_id=event.body_task_run_id,
                started_ms=entry.at_ms,
            )
        case FlowCancelling():
            return moved._replace(
                cancellation=begun(event.terms, entry),
                teardowns=hurried(flow.teardowns, event.terms.deadline_at),
            )
        case FlowCancelled():
            whole = flow.cancellation or begun_and_over(event, entry)
            return moved._replace(
                finished_ms=entry.at_ms,
                end=End.CANCELLED,
                end_id=entry.id,
                cancellation=whole._replace(account=event.account),
            )
        case FlowSucceeded():
            return moved._replace(
                finished_ms=entry.at_ms,
                end=End.SUCCESS,
                end_id=entry.id,
                result_ref=event.result_ref,
            )
        case FlowFailed():
            cancellation = flow.cancellation
            if cancellation is not None:
                cancellation = cancellation._replace(account=event.account)
            return moved._replace(
                finished_ms=entry.at_ms,
                end=End(event.end),
                end_id=entry.id,
                error=event.error,
                cancellation=cancellation,
            )
        case FlowBodyFinished():
            return moved._replace(
                body_end=event.end,
                body_end_id=entry.id,
                result_ref=event.result_ref,
                error=event.error,
            )
        case FlowQuarantined():
            return moved._replace(quarantined=True)
        case _:
            return _noted(moved, entry)


def _noted(flow: FlowRun, entry: Entry) -> FlowRun:
    """After a fact that leaves the state as it is."""
    match entry.event:
        case ChildEndSent():
            return flow._replace(end_told=True)
        case InfrastructureTeardown() as event:
            return torn_down(flow, event, entry)
        case CancellationEscalated(deadline_at=deadline_ms):
            flow = flow._replace(teardowns=hurried(flow.teardowns, deadline_ms))
        case _:
            pass
    return flow._replace(cancellation=continued(flow.cancellation, entry))


def _registered_flow(event: FlowRegistered, entry: Entry) -> FlowRun:
    return FlowRun(
        flow_run_id=entry.stream_id,
        name=event.name,
        namespace=event.namespace,
        labels=event.labels,
        state=FLOW.initial,
        version=entry.version or 0,
        event_id=entry.id,
        registered_ms=entry.at_ms,
        registered_id=entry.id,
        clocks=event.clocks,
        runner_id=event.runner_id,
        parent=event.parent,
        rerun_of=event.rerun_of,
    )
