"""From a state and a request to events, or to a refusal.

The order of the checks is the same everywhere: the same cancel again, finished, attempt and
owner, whether an edge exists, and guards. What this answers may change with every release;
what `evolve` does with an event that has been written may not.
"""

from collections.abc import Sequence
from typing import assert_never

from pydantic import BaseModel

from rescind.events.journal import RequestDeniedRecorded
from rescind.events.refusals import Code
from rescind.events.requests import (
    AnyRequest,
    BulkCount,
    BulkCreate,
    BulkForget,
    BulkPause,
    BulkProgress,
    BulkResume,
    BulkStart,
    BulkStop,
    CancellationAcknowledge,
    CancellationClock,
    ChildFinished,
    ExecutorReport,
    FlowCancel,
    FlowFinish,
    FlowRegister,
    FlowStart,
    InfrastructureReport,
    RequestDenied,
    RunnerForget,
    RunnerLeave,
    RunnerLost,
    RunnerRegister,
    Step,
    TaskCancel,
    TaskCleanup,
    TaskEnd,
    TaskFinish,
    TaskRegister,
    TaskSpec,
    TaskStart,
    TaskStopping,
    TaskToStart,
)
from rescind.statemachine.decide.answers import Answer, Happened, Refused, refuse
from rescind.statemachine.decide.bulk import (
    count_bulk,
    create_bulk,
    forget_bulk,
    pause_bulk,
    progress_bulk,
    resume_bulk,
    start_bulk,
    stop_bulk,
)
from rescind.statemachine.decide.cancel import cancel_flow, cancel_task
from rescind.statemachine.decide.child import finish_child
from rescind.statemachine.decide.clock import forget_runner, strike
from rescind.statemachine.decide.flow import finish_flow, register_flow, start_flow
from rescind.statemachine.decide.reports import (
    acknowledge,
    clean_up,
    executor_report,
    infrastructure_report,
    take_step,
)
from rescind.statemachine.decide.runner import leave, lose, register_runner
from rescind.statemachine.decide.task import finish_task, register_task, start_task
from rescind.statemachine.draft import Draft
from rescind.statemachine.policy import Asked, Policy

__all__ = ["Answer", "Happened", "Item", "Refused", "decide", "items_of"]

Item = TaskSpec | TaskToStart | TaskEnd | Step

_WITH_ITEMS = (TaskRegister, TaskStart, TaskFinish, TaskStopping)

_CANCELS = (FlowCancel, TaskCancel, BulkCreate, BulkStart, BulkPause, BulkResume, BulkStop)


def items_of(request: AnyRequest) -> Sequence[Item] | None:
    """The items of a request that carries a list; each is decided on its own."""
    if isinstance(request, _WITH_ITEMS):
        return request.items
    return None


def decide(
    request: AnyRequest, item: BaseModel | None, asked: Asked, draft: Draft, policy: Policy
) -> Answer:
    """What a request, or one item of its list, leads to.

    Args:
        request: what is asked.
        item: one of `items_of(request)`, or None for a request without a list.
        asked: where and when it lay, and who is taken to have asked.
        draft: the state as the requests and items before this one have left it.
        policy: defaults and limits.

    """
    objection = _not_allowed(request, asked, policy)
    if objection is not None:
        return objection
    match request, item:
        case TaskStart(), TaskToStart():
            return start_task(request, item, draft, policy)
        case TaskFinish(), TaskEnd():
            return finish_task(request, item, draft)
        case TaskRegister(), TaskSpec():
            return register_task(request, item, draft)
        case TaskStopping(), Step():
            return take_step(request, item, draft)
        case _:
            return _decide_whole(request, asked, draft, policy)


def _not_allowed(request: AnyRequest, asked: Asked, policy: Policy) -> Refused | None:
    if asked.signed:
        return None
    if request.service_only:
        return refuse(
            Code.NOT_ALLOWED,
            f"the service's signature on {request.type!r}",
            "the record carries none that fits; only the service may ask this",
        )
    if type(request) is FlowCancel and request.parent is not None:
        return refuse(
            Code.NOT_ALLOWED,
            "the service's signature on a cancel that a parent hands down",
            "the record carries none that fits; cancel without `parent`",
        )
    if not policy.accept_unsigned_cancels and isinstance(request, _CANCELS):
        return refuse(
            Code.NOT_ALLOWED,
            f"a signature on {request.type!r} (accept_unsigned_cancels is off)",
            "the record carries none that fits; ask by `rescind cancel` with RESCIND_SIGNING_KEYS",
        )
    return None


# One arm for each request, which `assert_never` keeps complete: splitting it would hide that.
def _decide_whole(  # noqa: C901, PLR0912
    request: AnyRequest, asked: Asked, draft: Draft, policy: Policy
) -> Answer:
    match request:
        case FlowCancel():
            return cancel_flow(request, asked, draft, policy)
        case TaskCancel():
            return cancel_task(request, asked, draft, policy)
        case FlowRegister():
            return register_flow(request, draft)
        case FlowStart():
            return start_flow(request, draft, policy)
        case FlowFinish():
            return finish_flow(request, draft)
        case CancellationAcknowledge():
            return acknowledge(request, draft)
        case TaskCleanup():
            return clean_up(request, draft)
        case ExecutorReport():
            return executor_report(request, draft)
        case InfrastructureReport():
            return infrastructure_report(request, draft)
        case CancellationClock():
            return strike(request, asked, draft, policy)
        case RunnerRegister():
            return register_runner(request, asked, draft)
        case RunnerLeave():
            return leave(request, asked, draft)
        case RunnerLost():
            return lose(request, asked, draft)
        case RunnerForget():
            return forget_runner(request, asked, draft, policy)
        case ChildFinished():
            return finish_child(request, draft)
        case RequestDenied():
            denied = RequestDeniedRecorded(asked=request.asked, permission=request.permission)
            return (Happened(denied),)
        case BulkCreate():
            return create_bulk(request, draft)
        case BulkStart():
            return start_bulk(request, draft, policy)
        case BulkPause():
            return pause_bulk(request, draft)
        case BulkResume():
            return resume_bulk(request, draft)
        case BulkStop():
            return stop_bulk(request, draft)
        case BulkCount():
            return count_bulk(request, draft)
        case BulkProgress():
            return progress_bulk(request, draft)
        case BulkForget():
            return forget_bulk(request, asked, draft, policy)
        case TaskRegister() | TaskStart() | TaskFinish() | TaskStopping():
            raise TypeError(f"{request.type} is decided item by item")
        case _:
            assert_never(request)
