"""Which flow runs a bulk cancellation means."""

from rescind.events.bulk import FlowPredicate
from rescind.events.states import FlowState
from rescind.statemachine.edges import lies_in

__all__ = ["is_meant"]


def is_meant(flow: FlowState, where: FlowPredicate) -> bool:
    """Whether it has not ended, and fits all of the predicate."""
    return (
        not flow.is_finished
        and (not where.names or flow.name in where.names)
        and (not where.namespaces or flow.namespace in where.namespaces)
        and (not where.states or any(lies_in(flow.state, each) for each in where.states))
        and (where.parent is None or _parent(flow) == where.parent)
        and all(flow.labels.get(key) == value for key, value in where.labels.items())
    )


def _parent(flow: FlowState) -> str | None:
    return None if flow.parent is None else flow.parent.flow_run_id
