"""Registering, starting and ending a flow run."""

from typing import Literal

from rescind.events.journal import (
    Account,
    FlowBodyFinished,
    FlowCancelled,
    FlowFailed,
    FlowLateReport,
    FlowRegistered,
    FlowStarted,
    FlowSucceeded,
    TaskRegistered,
    TaskStarted,
)
from rescind.events.refusals import Code
from rescind.events.requests import FlowFinish, FlowRegister, FlowStart, TaskEnd
from rescind.events.words import Clocks, End, TaskKind
from rescind.statemachine.decide.answers import Answer, Happened, Refused, refuse
from rescind.statemachine.decide.child import too_deep
from rescind.statemachine.decide.guards import open_flow, registered_runner, unknown_flow
from rescind.statemachine.draft import Draft
from rescind.statemachine.edges import is_cancelling, is_finished
from rescind.statemachine.policy import Policy
from rescind.statemachine.runs import Armed, FlowRun

__all__ = [
    "being_cancelled",
    "failed_end",
    "finish_flow",
    "flow_end",
    "open_work",
    "register_flow",
    "start_flow",
    "uncalled_for_cancelled",
]


def register_flow(request: FlowRegister, draft: Draft) -> Answer:
    """Pending, or born cancelled when somebody asked for that before."""
    flow = draft.flow(request.flow_run_id)
    if flow is not None:
        if is_finished(flow.state):
            return refuse(
                Code.ALREADY_FINISHED,
                "an id that is not in use",
                f"{flow.flow_run_id!r} is {flow.state}",
                first=flow.end_id,
            )
        return refuse(
            Code.DUPLICATE,
            "an id that is not in use",
            f"{flow.flow_run_id!r} is registered and {flow.state}",
            first=flow.registered_id,
        )
    objection = None
    if request.parent is not None:
        objection = too_deep(request.flow_run_id, request.parent.chain)
    if objection is None and request.runner_id is not None:
        objection = registered_runner(draft, request.runner_id)
    if objection is not None:
        return objection
    registered = Happened(
        FlowRegistered(
            name=request.name,
            namespace=request.namespace,
            labels=request.labels,
            parent=request.parent,
            rerun_of=request.rerun_of,
            runner_id=request.runner_id,
            # A copy by value: an event is closed, a request's clocks may be a newer client's.
            clocks=Clocks.model_validate(request.clocks.model_dump()),
        )
    )
    armed = draft.armed_for(request.flow_run_id)
    if armed is None:
        return (registered,)
    return (registered, Happened(_born_cancelled(armed)))


def _born_cancelled(armed: Armed) -> FlowCancelled:
    return FlowCancelled(
        cancellation_id=armed.cancellation_id,
        reason=armed.reason,
        mode=armed.mode,
        account=Account(),
    )


def start_flow(request: FlowStart, draft: Draft, policy: Policy) -> Answer:
    """Running, and with a body that body granted, in one step."""
    flow = open_flow(draft.flow(request.flow_run_id), request.flow_run_id)
    if isinstance(flow, Refused):
        return flow
    objection = registered_runner(draft, request.runner_id)
    if objection is not None:
        return objection
    if is_cancelling(flow.state):
        return being_cancelled(flow)
    if flow.runner_id is not None and flow.runner_id != request.runner_id:
        return refuse(
            Code.NOT_OWNER,
            f"the runner that owns {flow.flow_run_id!r}",
            f"that is {flow.runner_id!r}",
        )
    body = request.body
    if flow.state != "Pending":
        is_its_body = body is not None and body.task_run_id == flow.body_id
        return refuse(
            Code.DUPLICATE,
            "a Pending flow run",
            f"it is {flow.state}",
            first=flow.event_id,
            # Its owner did not see the grant of the body, which is repeated with this refusal.
            task_run_id=flow.body_id if is_its_body else None,
        )
    started = Happened(
        FlowStarted(
            runner_id=request.runner_id, body_task_run_id=None if body is None else body.task_run_id
        )
    )
    if body is None:
        return (started,)
    if draft.task(flow.flow_run_id, body.task_run_id) is not None:
        return refuse(
            Code.NO_SUCH_EDGE,
            "a body under an id of its own",
            f"{body.task_run_id!r} is a task run already",
        )
    registered = TaskRegistered(name=body.name, kind=TaskKind.BODY, runner_id=request.runner_id)
    granted = TaskStarted(runner_id=request.runner_id, valid_seconds=policy.grant_valid_seconds)
    return (
        started,
        Happened(registered, body.task_run_id, 1),
        Happened(granted, body.task_run_id, 1),
    )


def being_cancelled(flow: FlowRun) -> Refused:
    """Nothing more of this flow run starts."""
    cancellation = flow.cancellation
    return refuse(
        Code.CANCELLING,
        "a flow run that starts work",
        f"{flow.flow_run_id!r} is {flow.state}",
        first=None if cancellation is None else cancellation.id,
    )


def finish_flow(request: FlowFinish, draft: Draft) -> Answer:
    """The end of a flow run without a body, as its runner reports it."""
    flow = draft.flow(request.flow_run_id)
    if flow is None:
        return unknown_flow(request.flow_run_id)
    if is_finished(flow.state):
        return _report_after_the_end(request, flow)
    checked = open_flow(flow, request.flow_run_id)
    if isinstance(checked, Refused):
        return checked
    if flow.runner_id != request.runner_id:
        return refuse(
            Code.NOT_OWNER,
            f"a report by the runner that owns {flow.flow_run_id!r}",
            f"that is {flow.runner_id!r}" if flow.runner_id else "nobody has started it",
        )
    if flow.state == "Pending":
        return refuse(Code.NO_SUCH_EDGE, "a flow run that was started", "it is Pending")
    cancelling = is_cancelling(flow.state)
    if request.end is End.CANCELLED and not cancelling:
        return uncalled_for_cancelled(flow.flow_run_id)
    if flow.body_id is not None:
        return refuse(
            Code.NO_SUCH_EDGE,
            "task.finish of the body, whose end is the end of the flow run",
            f"flow.finish was sent; the body is {flow.body_id!r}",
        )
    if cancelling:
        return _propose_end(request, flow)
    return open_work(flow, 0) or (Happened(flow_end(request)),)


def _propose_end(request: FlowFinish, flow: FlowRun) -> Answer:
    """An end while cancelling is kept, the first one: the cancel wins."""
    if flow.body_end is None:
        kept = FlowBodyFinished(end=request.end, result_ref=request.result_ref, error=request.error)
        return (Happened(kept),)
    if flow.body_end is request.end:
        return refuse(
            Code.DUPLICATE, "a new report", "this end is kept already", first=flow.body_end_id
        )
    return _late(request)


def _report_after_the_end(request: FlowFinish, flow: FlowRun) -> Answer:
    if flow.runner_id == request.runner_id and flow.end == request.end:
        return refuse(
            Code.DUPLICATE, "a new report", f"it is {flow.state} already", first=flow.end_id
        )
    return _late(request)


def _late(request: FlowFinish) -> Answer:
    return (
        Happened(
            FlowLateReport(
                runner_id=request.runner_id,
                end=request.end,
                result_ref=request.result_ref,
                error=request.error,
                evidence=request.evidence,
            )
        ),
    )


def uncalled_for_cancelled(run_id: str) -> Refused:
    """Cancelled is where a cancellation leads; nobody walks there alone."""
    return refuse(
        Code.DEPRECATED_TRANSITION,
        "a cancellation before an end as cancelled",
        f"nobody has asked to cancel {run_id!r}; send flow.cancel and let it settle",
    )


def open_work(flow: FlowRun, of_body: int) -> Refused | None:
    """Whether other task runs than the body are open, so that the flow run cannot end yet."""
    others = flow.open - of_body
    if others <= 0:
        return None
    return refuse(
        Code.OPEN_WORK,
        "a flow run whose task runs have all ended",
        f"{others} of {flow.flow_run_id!r} are open; end them and send it again",
    )


def flow_end(report: FlowFinish | TaskEnd) -> FlowSucceeded | FlowFailed:
    """The event of a flow run's end, for an end that is not ``cancelled``."""
    if report.end is End.SUCCESS:
        return FlowSucceeded(result_ref=report.result_ref)
    return FlowFailed(end=failed_end(report.end), error=report.error)


def failed_end(end: End) -> Literal["failed", "crashed", "timed_out"]:
    """The ways of ending badly; anything else counts as failed."""
    match end:
        case End.CRASHED:
            return "crashed"
        case End.TIMED_OUT:
            return "timed_out"
        case End.SUCCESS | End.FAILED | End.CANCELLED:
            return "failed"
