"""Registering, starting and ending task runs: one item of a list at a time."""

from rescind.events.journal import (
    FlowBodyFinished,
    TaskCancelled,
    TaskFailed,
    TaskLateReport,
    TaskRegistered,
    TaskRetrying,
    TaskStarted,
    TaskSucceeded,
)
from rescind.events.refusals import Code
from rescind.events.requests import (
    TaskEnd,
    TaskFinish,
    TaskRegister,
    TaskSpec,
    TaskStart,
    TaskToStart,
)
from rescind.events.words import End, How, TaskKind
from rescind.statemachine.decide.answers import Answer, Happened, Refused, refuse
from rescind.statemachine.decide.child import give_up_child, too_deep
from rescind.statemachine.decide.flow import (
    being_cancelled,
    failed_end,
    flow_end,
    open_work,
    uncalled_for_cancelled,
)
from rescind.statemachine.decide.guards import (
    open_flow,
    quarantined_flow,
    registered_runner,
    unknown_flow,
)
from rescind.statemachine.draft import Draft
from rescind.statemachine.edges import is_cancelling, is_finished, is_running
from rescind.statemachine.policy import Policy
from rescind.statemachine.runs import FlowRun, TaskRun

__all__ = ["finish_task", "register_task", "start_task"]

# What a runner may say of the way in which an attempt was stopped. The rest are claims that
# only the service can make.
_SAID_BY_RUNNERS = (How.GRACEFUL, How.FORCED, How.NEVER_STARTED)


def register_task(request: TaskRegister, item: TaskSpec, draft: Draft) -> Answer:
    """Pending, or born cancelled in a flow run that is cancelling."""
    flow = open_flow(draft.flow(request.flow_run_id), request.flow_run_id)
    if isinstance(flow, Refused):
        return flow._replace(task_run_id=item.task_run_id)
    known = draft.task(flow.flow_run_id, item.task_run_id)
    if known is not None:
        return refuse(
            Code.DUPLICATE,
            "an id that is not in use",
            f"{item.task_run_id!r} is registered and {known.state}",
            first=known.registered_id,
            task_run_id=item.task_run_id,
        )
    if item.child_flow_run_id is not None:
        above = () if flow.parent is None else flow.parent.chain
        objection = too_deep(item.child_flow_run_id, (*above, flow.flow_run_id))
        if objection is not None:
            return objection._replace(task_run_id=item.task_run_id)
    registered = Happened(_registered(request, item), item.task_run_id, 1)
    if not is_cancelling(flow.state):
        return (registered,)
    born = TaskCancelled(how=How.NEVER_STARTED, stopped_confirmed=True)
    return (registered, Happened(born, item.task_run_id, 1))


def _registered(request: TaskRegister, item: TaskSpec) -> TaskRegistered:
    if item.child_flow_run_id is None:
        return TaskRegistered(name=item.name, kind=TaskKind.TASK, runner_id=request.runner_id)
    return TaskRegistered(
        name=item.name,
        kind=TaskKind.CHILD,
        runner_id=request.runner_id,
        child_flow_run_id=item.child_flow_run_id,
        cascade=item.cascade,
    )


def start_task(request: TaskStart, item: TaskToStart, draft: Draft, policy: Policy) -> Answer:
    """A grant, which is what makes the attempt its runner's."""
    flow = open_flow(draft.flow(request.flow_run_id), request.flow_run_id)
    objection = flow if isinstance(flow, Refused) else registered_runner(draft, request.runner_id)
    if objection is not None:
        return objection._replace(task_run_id=item.task_run_id)
    assert isinstance(flow, FlowRun)
    if is_cancelling(flow.state):
        return being_cancelled(flow)._replace(task_run_id=item.task_run_id)
    task = draft.task(flow.flow_run_id, item.task_run_id)
    if task is None:
        return _unknown_task(flow, item.task_run_id)
    return _no_start(request, item, flow, task) or (
        Happened(
            TaskStarted(runner_id=request.runner_id, valid_seconds=policy.grant_valid_seconds),
            item.task_run_id,
            item.attempt,
        ),
    )


def _unknown_task(flow: FlowRun, task_run_id: str) -> Refused:
    return refuse(
        Code.UNKNOWN_TASK,
        f"a registered task run of {flow.flow_run_id!r}",
        f"{task_run_id!r} is not known; register it",
        task_run_id=task_run_id,
    )


def _no_start(
    request: TaskStart, item: TaskToStart, flow: FlowRun, task: TaskRun
) -> Refused | None:
    """Why this attempt may not start; None if it may."""
    if is_finished(task.state):
        code, expected, but = Code.ALREADY_FINISHED, "a task run that has not ended", task.state
    elif task.attempt != item.attempt:
        code, expected = Code.WRONG_ATTEMPT, f"attempt {task.attempt}"
        but = f"asked for attempt {item.attempt}"
    elif task.state == "Running" and task.runner_id == request.runner_id:
        # Its owner asks again: it did not see the grant, which is repeated with this refusal.
        code, expected, but = Code.DUPLICATE, "a start not granted yet", "it was granted to you"
    elif task.runner_id == request.runner_id and is_cancelling(task.state):
        code, expected, but = Code.CANCELLING, "a task run that may start", "it is being cancelled"
    elif task.state.startswith("Running"):
        code, expected, but = Code.NOT_OWNER, "a start not granted yet", "another runner has it"
    elif flow.state == "Pending":
        code, expected, but = Code.NO_SUCH_EDGE, "a Running flow run", "it is Pending; start it"
    else:
        return None
    return refuse(
        code,
        expected,
        f"{task.task_run_id!r}: {but}",
        first=task.event_id,
        task_run_id=task.task_run_id,
    )


def finish_task(request: TaskFinish, item: TaskEnd, draft: Draft) -> Answer:
    """The end of one attempt, as its runner reports it. The first report counts."""
    flow = draft.flow(request.flow_run_id)
    if flow is None:
        return unknown_flow(request.flow_run_id)._replace(task_run_id=item.task_run_id)
    task = draft.task(flow.flow_run_id, item.task_run_id)
    if task is not None and task.child is not None and is_running(task.state):
        return _end_of_child(request, item, flow, task)
    if is_finished(flow.state) or (task is not None and _is_of_the_past(task, item)):
        return _report_after_the_end(request, item, task)
    checked = open_flow(flow, request.flow_run_id)
    if isinstance(checked, Refused):
        return checked._replace(task_run_id=item.task_run_id)
    if task is None:
        return _unknown_task(flow, item.task_run_id)
    objection = _not_theirs(request, item, task)
    if objection is not None:
        return objection
    if task.kind is TaskKind.BODY:
        return _end_of_body(request, item, flow, task)
    return (Happened(_end_of_task(request, item, flow, task), item.task_run_id, item.attempt),)


def _end_of_child(request: TaskFinish, item: TaskEnd, flow: FlowRun, task: TaskRun) -> Answer:
    """A child may outlive its parent, and so may the grant by which it was to be registered."""
    if flow.quarantined:
        return quarantined_flow(flow.flow_run_id)._replace(task_run_id=item.task_run_id)
    return _not_theirs(request, item, task) or give_up_child(request, item, task)


def _is_of_the_past(task: TaskRun, item: TaskEnd) -> bool:
    return is_finished(task.state) or item.attempt < task.attempt


def _report_after_the_end(request: TaskFinish, item: TaskEnd, task: TaskRun | None) -> Answer:
    first = None if task is None else _same_report(request, item, task)
    if task is not None and first is not None:
        return refuse(
            Code.DUPLICATE,
            "a new report",
            f"{item.task_run_id!r} is {task.state} already",
            first=first,
            task_run_id=item.task_run_id,
        )
    late = TaskLateReport(
        runner_id=request.runner_id,
        end=item.end,
        how=item.how,
        result_ref=item.result_ref,
        error=item.error,
        evidence=item.evidence,
    )
    return (Happened(late, item.task_run_id, item.attempt),)


def _same_report(request: TaskFinish, item: TaskEnd, task: TaskRun) -> str | None:
    """The event by which this very end was taken in, of this attempt or the one before."""
    if item.attempt == task.attempt:
        is_same = task.end is item.end and task.runner_id == request.runner_id
        return task.event_id if is_same else None
    if task.retried is None or item.attempt != task.attempt - 1:
        return None
    runner_id, end, event_id = task.retried
    return event_id if (runner_id, end) == (request.runner_id, item.end.value) else None


def _not_theirs(request: TaskFinish, item: TaskEnd, task: TaskRun) -> Refused | None:
    if task.attempt != item.attempt:
        code, expected = Code.WRONG_ATTEMPT, f"a report of attempt {task.attempt}"
        but = f"it is of attempt {item.attempt}"
    elif not task.state.startswith("Running"):
        # Nobody owns it, so there is no owner to compare.
        code, expected = Code.NO_SUCH_EDGE, "an attempt that was granted"
        but = f"{task.task_run_id!r} is {task.state}"
    elif task.child is not None and task.child.given_up:
        code, expected = Code.DUPLICATE, "a child that its runner may still register"
        but = f"{task.task_run_id!r} was given up"
    elif task.runner_id != request.runner_id:
        code, expected = Code.NOT_OWNER, f"a report by {task.runner_id!r}"
        but = f"it is by {request.runner_id!r}"
    else:
        return None
    return refuse(code, expected, but, task_run_id=task.task_run_id)


def _end_of_task(
    request: TaskFinish, item: TaskEnd, flow: FlowRun, task: TaskRun
) -> TaskSucceeded | TaskFailed | TaskCancelled | TaskRetrying:
    if item.end is End.SUCCESS:
        return TaskSucceeded(runner_id=request.runner_id, result_ref=item.result_ref)
    called_for = is_cancelling(flow.state) or is_cancelling(task.state)
    if item.end is End.CANCELLED:
        how = item.how if item.how in _SAID_BY_RUNNERS and item.how else How.GRACEFUL
        return TaskCancelled(
            how=how if called_for else How.BY_RUNNER,
            stopped_confirmed=item.stopped_confirmed,
            runner_id=request.runner_id,
            error=item.error,
            evidence=item.evidence,
        )
    # A body is not retried: a flow run that is to run again is a new one.
    if item.retry_at is not None and not called_for and task.kind is not TaskKind.BODY:
        return TaskRetrying(
            runner_id=request.runner_id,
            end=failed_end(item.end),
            retry_at=item.retry_at,
            error=item.error,
        )
    return TaskFailed(
        end=failed_end(item.end),
        runner_id=request.runner_id,
        stopped_confirmed=item.stopped_confirmed,
        error=item.error,
        evidence=item.evidence,
    )


def _end_of_body(request: TaskFinish, item: TaskEnd, flow: FlowRun, task: TaskRun) -> Answer:
    """The body's end is the flow run's, in the same step; unless a cancel came first."""
    body = item.task_run_id
    ended = Happened(_end_of_task(request, item, flow, task), body, item.attempt)
    if is_cancelling(flow.state):
        if item.end is End.CANCELLED:
            return (ended,)
        kept = FlowBodyFinished(end=item.end, result_ref=item.result_ref, error=item.error)
        return (ended, Happened(kept))
    if item.end is End.CANCELLED:
        return uncalled_for_cancelled(flow.flow_run_id)._replace(task_run_id=body)
    objection = open_work(flow, of_body=1)
    if objection is not None:
        return objection._replace(task_run_id=body)
    return (ended, Happened(flow_end(item)))
