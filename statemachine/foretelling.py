"""What a cancel would come to if it came now: the rule itself, asked without a journal.

It answers from what it is given. The service decides by what holds when the request comes, so
this can be overtaken; it is never another opinion.
"""

from collections.abc import Iterable

from rescind.events.requests import FlowCancel, TaskCancel
from rescind.statemachine.decide import decide
from rescind.statemachine.decide.answers import Answer
from rescind.statemachine.draft import Draft
from rescind.statemachine.partition import Known, Partition
from rescind.statemachine.policy import Asked, Policy

__all__ = ["foretell"]


def foretell(
    request: FlowCancel | TaskCancel,
    known: Iterable[Known],
    *,
    at_ms: int,
    signed: bool,
    policy: Policy,
) -> Answer:
    """The events or the refusal that would answer the request.

    Args:
        request: what would be asked.
        known: the flow run with its counts, and of its task runs those that the rule looks at:
            the one that is to be cancelled alone, and those that wait in a Pending flow run.
        at_ms: now.
        signed: whether the request would carry the service's signature.
        policy: defaults and limits.

    """
    partition = Partition()
    for one in known:
        partition.put(one)
    asked = Asked(
        lane="stop",
        partition=0,
        offset=0,
        previous=-1,
        at_ms=at_ms,
        request_id=request.request_id or "",
        actor=request.actor,
        signed=signed,
    )
    return decide(request, None, asked, Draft(partition), policy)
