"""What runners report while a cancellation is under way."""

from itertools import chain

from rescind.events.journal import (
    CancellationAcknowledged,
    CancellationWarning,
    ExecutorFailed,
    InfrastructureTeardown,
    TaskCleanupReported,
    TaskStoppingReported,
)
from rescind.events.refusals import Code
from rescind.events.requests import (
    CancellationAcknowledge,
    ExecutorReport,
    InfrastructureReport,
    Step,
    TaskCleanup,
    TaskStopping,
)
from rescind.statemachine.decide.answers import Answer, Happened, Refused, refuse
from rescind.statemachine.decide.guards import (
    open_flow,
    quarantined_flow,
    registered_runner,
    unknown_flow,
)
from rescind.statemachine.draft import Draft
from rescind.statemachine.edges import is_cancelling, is_finished
from rescind.statemachine.runs import Cancellation, FlowRun, TaskRun, Teardown
from rescind.statemachine.teardown import is_same

__all__ = ["acknowledge", "clean_up", "executor_report", "infrastructure_report", "take_step"]


def acknowledge(request: CancellationAcknowledge, draft: Draft) -> Answer:
    """A runner knows of the cancellation; with its last chunk, what it did not name is not held."""
    flow = open_flow(draft.flow(request.flow_run_id), request.flow_run_id)
    objection = flow if isinstance(flow, Refused) else registered_runner(draft, request.runner_id)
    if objection is not None:
        return objection
    assert isinstance(flow, FlowRun)
    event = CancellationAcknowledged(
        cancellation_id=request.cancellation_id,
        runner_id=request.runner_id,
        chunk=request.chunk,
        last=request.last,
        held=request.held,
    )
    if flow.cancellation is not None and flow.cancellation.id == request.cancellation_id:
        return _acknowledged_before(request, flow.cancellation) or (Happened(event),)
    task = _cancelled_alone(request, draft)
    if task is not None and task.cancellation is not None:
        return _acknowledged_before(request, task.cancellation) or (
            Happened(event, task.task_run_id, task.attempt),
        )
    return refuse(
        Code.STALE,
        f"the cancellation of {flow.flow_run_id!r} that is under way",
        f"{request.cancellation_id!r} is not it",
    )


def _cancelled_alone(request: CancellationAcknowledge, draft: Draft) -> TaskRun | None:
    """The attempt of this runner that this cancellation is about, if it is about one alone."""
    named = (draft.task(request.flow_run_id, held.task_run_id) for held in request.held)
    # A runner that does not hold it cannot name it: then it is among those granted to it.
    granted = draft.held_of(request.flow_run_id, request.runner_id)
    for task in chain(named, granted):
        if (
            task is not None
            and task.runner_id == request.runner_id
            # A child's runner is not asked to stop it, so it has nothing to acknowledge.
            and task.child is None
            and is_cancelling(task.state)
            and task.cancellation is not None
            and task.cancellation.id == request.cancellation_id
        ):
            return task
    return None


def _acknowledged_before(
    request: CancellationAcknowledge, cancellation: Cancellation
) -> Refused | None:
    if request.runner_id not in cancellation.acknowledged:
        return None
    return refuse(
        Code.DUPLICATE,
        "a first acknowledgement",
        f"{request.runner_id!r} has acknowledged {cancellation.id!r}",
        first=cancellation.event_id,
    )


def take_step(request: TaskStopping, item: Step, draft: Draft) -> Answer:
    """A rung of the ladder was taken."""
    task = _held_attempt(request, item.task_run_id, item.attempt, draft)
    if isinstance(task, Refused):
        return task
    event = TaskStoppingReported(
        runner_id=request.runner_id,
        rung=item.rung,
        after_ms=item.after_ms,
        outcome=item.outcome,
        message=item.message,
        evidence=item.evidence,
    )
    return (Happened(event, item.task_run_id, item.attempt),)


def clean_up(request: TaskCleanup, draft: Draft) -> Answer:
    """A clean-up step began or ended."""
    task = _held_attempt(request, request.task_run_id, request.attempt, draft)
    if isinstance(task, Refused):
        return task
    event = TaskCleanupReported(
        runner_id=request.runner_id,
        outcome=request.outcome,
        after_ms=request.after_ms,
        message=request.message,
    )
    return (Happened(event, request.task_run_id, request.attempt),)


def _held_attempt(
    request: TaskStopping | TaskCleanup, task_run_id: str, attempt: int, draft: Draft
) -> TaskRun | Refused:
    flow_run_id = request.flow_run_id
    flow = open_flow(draft.flow(flow_run_id), flow_run_id)
    if isinstance(flow, Refused):
        return flow._replace(task_run_id=task_run_id)
    task = draft.task(flow_run_id, task_run_id)
    if task is None:
        code, but = Code.UNKNOWN_TASK, "it is not known"
    elif is_finished(task.state):
        code, but = Code.ALREADY_FINISHED, f"it is {task.state}"
    elif task.attempt != attempt:
        code, but = Code.WRONG_ATTEMPT, f"attempt {task.attempt} is the current one"
    elif not task.state.startswith("Running"):
        code, but = Code.NO_SUCH_EDGE, f"it is {task.state}"
    elif task.runner_id != request.runner_id:
        code, but = Code.NOT_OWNER, f"it is {task.runner_id!r} that holds it"
    else:
        return task
    return refuse(code, f"a running attempt of {task_run_id!r}", but, task_run_id=task_run_id)


def executor_report(request: ExecutorReport, draft: Draft) -> Answer:
    """An executor failed or warns. Neither holds the cancellation up."""
    flow = open_flow(draft.flow(request.flow_run_id), request.flow_run_id)
    objection = flow if isinstance(flow, Refused) else registered_runner(draft, request.runner_id)
    if objection is not None:
        return objection
    assert isinstance(flow, FlowRun)
    if not _is_concerned(flow, request.runner_id):
        return refuse(
            Code.NOT_OWNER,
            f"a report by a runner that has work of {flow.flow_run_id!r}",
            f"{request.runner_id!r} has none and was not told to stop any",
        )
    if not is_cancelling(flow.state):
        return refuse(
            Code.NO_SUCH_EDGE,
            "a flow run that is cancelling",
            f"{flow.flow_run_id!r} is {flow.state}",
        )
    kind = ExecutorFailed if request.outcome == "failed" else CancellationWarning
    return (
        Happened(
            kind(runner_id=request.runner_id, executor=request.executor, message=request.message)
        ),
    )


def _is_concerned(flow: FlowRun, runner_id: str) -> bool:
    """Whether it drives the flow run, holds work of it, or did when that was to stop."""
    cancellation = flow.cancellation
    was_told = () if cancellation is None else (*cancellation.told, *cancellation.acknowledged)
    return runner_id == flow.runner_id or runner_id in flow.holders or runner_id in was_told


def infrastructure_report(request: InfrastructureReport, draft: Draft) -> Answer:
    """A teardown began or ended; recorded also when the flow run has ended meanwhile."""
    flow = draft.flow(request.flow_run_id)
    if flow is None:
        return unknown_flow(request.flow_run_id)
    if flow.quarantined:
        return quarantined_flow(request.flow_run_id)
    objection = registered_runner(draft, request.runner_id)
    if objection is not None:
        return objection
    known = flow.teardowns.get(request.target_runner_id)
    if known is None:
        return refuse(
            Code.NO_SUCH_EDGE,
            f"a teardown that {flow.flow_run_id!r} has ordered",
            f"none was ordered of {request.target_runner_id!r}",
        )
    objection = _cannot_say(request, known, draft)
    if objection is not None:
        return objection
    event = InfrastructureTeardown(
        outcome=request.outcome,
        target_runner_id=request.target_runner_id,
        runner_id=request.runner_id,
        handle=request.handle,
        cancellation_id=request.cancellation_id,
        code=request.code,
        message=request.message,
        evidence=request.evidence,
    )
    return (Happened(event),)


def _cannot_say(request: InfrastructureReport, known: Teardown, draft: Draft) -> Refused | None:
    """Whether its word counts: "not found" means nothing elsewhere, or of something else."""
    if not is_same(request.handle, known.handle):
        code, expected = Code.NOT_OWNER, "a report about the handle that is to be torn down"
        but = f"it is about another {request.handle.kind} in {request.handle.scope}"
    elif request.runner_id == request.target_runner_id:
        code, expected = Code.NOT_OWNER, "a report from outside"
        but = f"it is by {request.runner_id!r} itself"
    elif (scope := _scope_of(request.runner_id, draft)) != known.handle.scope:
        code, expected = Code.NOT_OWNER, f"a report by a runner of {known.handle.scope}"
        but = f"{request.runner_id!r} reaches {scope}"
    elif known.over == "done":
        return refuse(
            Code.DUPLICATE, "a teardown that is under way", "it is done", first=known.event_id
        )
    else:
        return None
    return refuse(code, expected, but)


def _scope_of(runner_id: str, draft: Draft) -> str | None:
    runner = draft.runner(runner_id)
    return None if runner is None else runner.scope
