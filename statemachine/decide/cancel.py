"""Asking that work be cancelled: the request that everything here is about."""

from rescind.events.journal import (
    Account,
    CancellationArmed,
    CancellationEscalated,
    FlowCancelled,
    FlowCancelling,
    TaskCancellationTerms,
    TaskCancelled,
    TaskCancelling,
)
from rescind.events.refusals import Code
from rescind.events.requests import FlowCancel, TaskCancel
from rescind.events.words import How, Mode, TaskKind
from rescind.statemachine.decide.answers import Answer, Happened, Refused, refuse
from rescind.statemachine.decide.child import left_alone, stub
from rescind.statemachine.decide.guards import open_flow, unknown_flow
from rescind.statemachine.draft import Draft
from rescind.statemachine.edges import is_cancelling, is_finished
from rescind.statemachine.policy import Asked, Policy
from rescind.statemachine.runs import Armed, Cancellation, FlowRun, TaskRun
from rescind.statemachine.terms import flow_terms, mode_of, task_terms

__all__ = ["cancel_flow", "cancel_task", "how_unstarted"]


def cancel_flow(request: FlowCancel, asked: Asked, draft: Draft, policy: Policy) -> Answer:
    """Cancelling, cancelled at once, armed, escalated, or a reason why not."""
    flow = draft.flow(request.flow_run_id)
    if _is_foreign(request, flow):
        return unknown_flow(request.flow_run_id)
    if flow is None:
        return _cancel_unknown(request, asked, draft, policy)
    objection = left_alone(request, flow) or _came_later(request, flow)
    if objection is not None:
        return objection
    again = _asked_before(flow.cancellation, asked)
    if again is not None:
        return again
    checked = open_flow(flow, request.flow_run_id)
    if isinstance(checked, Refused):
        return checked
    if flow.cancellation is not None:
        return _repeat(request, flow.cancellation, flow, asked, policy)
    if request.named_end != "cancelled":
        objection = _may_not_name_its_end(request, flow)
        if objection is not None:
            return objection
    if flow.state == "Pending" and flow.open <= policy.sweep_chunk:
        return _cancel_at_once(request, asked, flow, draft, policy)
    terms = flow_terms(request, asked, flow, policy)
    return (Happened(FlowCancelling(terms=terms)),)


def _is_foreign(request: FlowCancel | TaskCancel, flow: FlowRun | None) -> bool:
    """Whether it is in none of the namespaces to which whoever asks is held.

    Such a flow run is answered as one that is not there, or its id could be guessed at.
    """
    if request.namespaces is None:
        return False
    return flow is None or flow.namespace not in request.namespaces


def _cancel_unknown(request: FlowCancel, asked: Asked, draft: Draft, policy: Policy) -> Answer:
    if request.named_end != "cancelled" or request.registered_until is not None:
        return unknown_flow(request.flow_run_id)
    if request.parent is not None:
        return stub(request, asked, draft, policy)
    return _arm(request, asked, draft, policy)


def _came_later(request: FlowCancel, flow: FlowRun) -> Refused | None:
    """Another life of this id than the one that is meant."""
    until_ms = request.registered_until
    if until_ms is None or flow.registered_ms <= until_ms:
        return None
    return refuse(
        Code.STALE,
        "a flow run that was registered by the time that is named",
        f"{flow.flow_run_id!r} came {flow.registered_ms - until_ms} ms later",
        first=flow.registered_id,
    )


def _may_not_name_its_end(request: FlowCancel, flow: FlowRun) -> Refused | None:
    """Another end than Cancelled says something of the flow run, so its own runner has to."""
    if request.runner_id is None or request.runner_id != flow.runner_id:
        return refuse(
            Code.NOT_OWNER,
            f"a time limit kept by the runner that owns {flow.flow_run_id!r}",
            f"that is {flow.runner_id!r}" if flow.runner_id else "nobody has started it",
        )
    if flow.state == "Pending":
        return refuse(Code.NO_SUCH_EDGE, "a flow run that was started", "it is Pending")
    return None


def _asked_before(cancellation: Cancellation | None, asked: Asked) -> Refused | None:
    if cancellation is None:
        return None
    known = ((cancellation.request_id, cancellation.event_id), *cancellation.repeats)
    for request_id, event_id in known:
        if request_id == asked.request_id:
            return refuse(
                Code.DUPLICATE,
                "a new request_id",
                f"{asked.request_id!r} was answered before",
                first=event_id,
            )
    return None


def _repeat(
    request: FlowCancel, cancellation: Cancellation, flow: FlowRun, asked: Asked, policy: Policy
) -> Answer:
    """A second cancel changes nothing, unless it asks to abort what was graceful."""
    if _escalates(request, cancellation, flow, policy):
        return (Happened(_escalated(cancellation, asked, request.reason, flow, policy)),)
    return refuse(
        Code.ALREADY_CANCELLING,
        "a flow run that nobody has asked to cancel",
        f"{flow.flow_run_id!r} is being cancelled; what was agreed stands",
        first=cancellation.id,
    )


def _escalates(
    request: FlowCancel | TaskCancel, begun: Cancellation, flow: FlowRun, policy: Policy
) -> bool:
    return begun.mode is Mode.GRACEFUL and mode_of(request, flow, policy) is Mode.ABORT


def _escalated(
    cancellation: Cancellation, asked: Asked, reason: str, flow: FlowRun, policy: Policy
) -> CancellationEscalated:
    seconds = flow.clocks.abort_seconds
    seconds = policy.abort_seconds if seconds is None else seconds
    # Once the deadline has struck, only what cannot be stopped is left, and waited for.
    agreed_ms = (
        cancellation.deadline_ms if cancellation.deadline_fired is None else cancellation.wait_ms
    )
    return CancellationEscalated(
        cancellation_id=cancellation.id,
        reason=reason,
        # Never later than what was agreed before: an abort cannot prolong.
        deadline_at=min(agreed_ms, asked.at_ms + round(seconds * 1000)),
    )


def _cancel_at_once(
    request: FlowCancel, asked: Asked, flow: FlowRun, draft: Draft, policy: Policy
) -> Answer:
    """Nothing of it ever ran, so there is nobody to wait for."""
    swept = [
        Happened(
            TaskCancelled(how=how_unstarted(task), stopped_confirmed=True),
            task.task_run_id,
            task.attempt,
        )
        for task in draft.pending_of(flow.flow_run_id, flow.pending)
    ]
    account = Account(never_started=flow.tally.never_started + len(swept))
    over = FlowCancelled(
        cancellation_id=asked.event_id(len(swept)),
        reason=request.reason,
        mode=mode_of(request, flow, policy),
        account=account,
        bulk_id=request.bulk_id,
    )
    return (*swept, Happened(over))


def how_unstarted(task: TaskRun) -> How:
    """How a task run without a grant is cancelled: it never started, or is not retried."""
    return How.NOT_RETRIED if task.state == "Pending.Retrying" else How.NEVER_STARTED


def _arm(request: FlowCancel, asked: Asked, draft: Draft, policy: Policy) -> Answer:
    armed = draft.armed_for(request.flow_run_id)
    if armed is not None:
        code = Code.DUPLICATE if armed.request_id == asked.request_id else Code.ALREADY_CANCELLING
        return refuse(
            code,
            "a first cancel of an id that nobody knows",
            f"one is armed for {request.flow_run_id!r}",
            first=armed.cancellation_id,
        )
    return (Happened(_armed_event(request, asked, policy)),)


def _armed_event(request: FlowCancel, asked: Asked, policy: Policy) -> CancellationArmed:
    return CancellationArmed(
        cancellation_id=asked.event_id(0),
        reason=request.reason,
        mode=mode_of(request, None, policy),
        until=asked.at_ms + round(policy.armed_seconds * 1000),
    )


def must_lapse(draft: Draft, policy: Policy) -> Armed | None:
    """The armed cancellation that makes room for another, when there are too many."""
    return draft.oldest_armed() if draft.armed_count() > policy.armed_max else None


def cancel_task(request: TaskCancel, asked: Asked, draft: Draft, policy: Policy) -> Answer:
    """One task run alone; the flow run goes on."""
    answer = _cancel_task(request, asked, draft, policy)
    if isinstance(answer, Refused):
        return answer._replace(task_run_id=request.task_run_id)
    return answer


def _cancel_task(request: TaskCancel, asked: Asked, draft: Draft, policy: Policy) -> Answer:
    flow = draft.flow(request.flow_run_id)
    if flow is None or _is_foreign(request, flow):
        return unknown_flow(request.flow_run_id)
    task = draft.task(request.flow_run_id, request.task_run_id)
    again = None if task is None else _asked_before(task.cancellation, asked)
    if again is not None:
        return again
    checked = open_flow(flow, request.flow_run_id)
    if isinstance(checked, Refused):
        return checked
    if task is None:
        return refuse(
            Code.UNKNOWN_TASK, "a registered task run", f"{request.task_run_id!r} is not known"
        )
    return _no_cancel(flow, task) or _cancel_known_task(request, asked, flow, task, policy)


def _no_cancel(flow: FlowRun, task: TaskRun) -> Refused | None:
    name = repr(task.task_run_id)
    if is_finished(task.state):
        return refuse(
            Code.ALREADY_FINISHED,
            "a task run that has not ended",
            f"{name} is {task.state}",
            first=task.event_id,
        )
    if is_cancelling(flow.state) and flow.cancellation is not None:
        return refuse(
            Code.ALREADY_CANCELLING,
            "a flow run that goes on",
            f"all of {flow.flow_run_id!r} is being cancelled",
            first=flow.cancellation.id,
        )
    if task.kind is TaskKind.BODY:
        return refuse(
            Code.NO_SUCH_EDGE,
            "flow.cancel for a body, whose end is the end of the flow run",
            f"task.cancel was sent for {name}",
        )
    return None


def _cancel_known_task(
    request: TaskCancel, asked: Asked, flow: FlowRun, task: TaskRun, policy: Policy
) -> Answer:
    begun = task.cancellation
    if begun is None:
        terms: TaskCancellationTerms = task_terms(request, asked, flow, policy)
        if task.state.startswith("Pending"):
            at_once = TaskCancelled(how=how_unstarted(task), stopped_confirmed=True, terms=terms)
            return (Happened(at_once, task.task_run_id, task.attempt),)
        return (Happened(TaskCancelling(terms=terms), task.task_run_id, task.attempt),)
    if _escalates(request, begun, flow, policy):
        escalated = _escalated(begun, asked, request.reason, flow, policy)
        return (Happened(escalated, task.task_run_id, task.attempt),)
    return refuse(
        Code.ALREADY_CANCELLING,
        "a task run that nobody has asked to cancel",
        f"{task.task_run_id!r} is being cancelled; what was agreed stands",
        first=begun.id,
    )
