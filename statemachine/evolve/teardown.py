"""The teardowns that a flow run has ordered, moved on by its events."""

from collections.abc import Mapping

from rescind.events.journal import Entry, InfrastructureTeardown
from rescind.statemachine.evolve.step import impossible
from rescind.statemachine.runs import FlowRun, Teardown

__all__ = ["hurried", "torn_down"]


def torn_down(flow: FlowRun, event: InfrastructureTeardown, entry: Entry) -> FlowRun:
    """The flow run after an event about one of its teardowns.

    Raises:
        NoTransitionError: nobody has ordered that one.

    """
    known = flow.teardowns.get(event.target_runner_id)
    if event.outcome == "asked":
        known = _asked(known, event, entry)
    elif known is None:
        raise impossible(flow.state, entry)
    else:
        known = known._replace(event_id=entry.id)
        if event.outcome == "done":
            known = known._replace(over="done")
        elif event.outcome == "given_up":
            known = known._replace(over="given_up")
    return flow._replace(teardowns={**flow.teardowns, event.target_runner_id: known})


def hurried(teardowns: Mapping[str, Teardown], deadline_ms: int) -> Mapping[str, Teardown]:
    """The teardowns after a deadline was agreed: none is waited for beyond it."""
    return {
        target: known._replace(until_ms=min(known.until_ms, deadline_ms))
        for target, known in teardowns.items()
    }


def _asked(known: Teardown | None, event: InfrastructureTeardown, entry: Entry) -> Teardown:
    again_ms, until_ms = event.again_at, event.until
    if again_ms is None or until_ms is None:
        again_ms = until_ms = entry.at_ms
    asked = Teardown(event.handle, entry.id, again_ms, until_ms, asked_of=event.runner_id)
    if known is None or (known.asked_of is None) != (event.runner_id is None):
        return asked
    return asked._replace(asked=known.asked + 1)
