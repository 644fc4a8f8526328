"""Whether a run can be cancelled now, and what would become of what runs.

The first is the service's own rule, asked about what the read model has of the run. The second
is what each runner has said of its executor and of where it lives.
"""

import time
from typing import Literal, NamedTuple

from pydantic import BaseModel

from rescind.asking.outcomes import Outcome, outcome_of_event, outcome_of_refusal
from rescind.events.journal import CancellationEscalated, FlowCancelling, TaskCancelling
from rescind.events.requests import FlowCancel, TaskCancel
from rescind.events.words import CascadePolicy, Mode, RunnerCapabilities
from rescind.server.api.reads.way import ChildShown
from rescind.server.api.subjects import Subject
from rescind.server.readmodel.queries.answers import Cancellable, Children, ChildRow, Holder
from rescind.statemachine.decide.answers import Answer, Refused
from rescind.statemachine.edges import is_pending
from rescind.statemachine.foretelling import foretell
from rescind.statemachine.policy import Policy
from rescind.statemachine.runs import FlowRun, TaskRun
from rescind.statemachine.teardown import is_exclusive
from rescind.statemachine.terms import mode_of

__all__ = [
    "ChildrenForecast",
    "Fate",
    "Forecast",
    "RunnerForecast",
    "TeardownFate",
    "TeardownForecast",
    "cancel_of",
    "forecast",
]

Fate = Literal[
    "interrupted_then_killed", "interrupted", "killed", "ended_with_its_process", "waited_for",
    "not_known",
]  # fmt: skip


TeardownFate = Literal["torn_down", "shared", "no_handle", "not_known"]


class TeardownForecast(BaseModel):
    """What would become of what a runner lives in, if work of it did not end by itself.

    `torn_down`: it is this flow run's alone, and is ended from outside. `shared`: other flow runs
    may be there, so it is not touched, and ended only if its runner is lost. `no_handle`: nothing
    is known by which it could be ended.
    """

    fate: TeardownFate
    kind: str | None = None
    """As `docker`."""
    scope: str | None = None
    after_seconds: float | None = None
    """Of what is torn down: how long after the cancel; sooner if its runner is lost."""
    reached: bool | None = None
    """Of what is torn down: whether somebody lives now who could do it; none: not known, so many
    live."""


class RunnerForecast(BaseModel):
    """What would become of what a runner holds."""

    runner_id: str
    task_runs: int
    """The body among them, if it is open; no children."""
    fate: Fate
    executor: str | None
    survivors: str
    """What the runner says that may outlive all that."""
    teardown: TeardownForecast


class ChildrenForecast(BaseModel):
    """What would become of the child flow runs that run, by the policy of each."""

    waited_for: int
    """Cancelled with it, and waited for."""
    asked: int
    """Cancelled with it, and not waited for."""
    left_alone: int
    """Going on."""


class Forecast(BaseModel):
    """What a cancel would come to if it came now. It may be overtaken, and is no promise."""

    can_cancel: bool
    outcome: Outcome
    reason: str
    code: str | None
    """Of the refusal that it would be answered with."""
    state: str | None
    running: int
    """How many task runs hold a grant and would be told to stop; no children."""
    body_running: bool
    """Whether the flow's own code is one of them."""
    not_started: int
    """How many would never start, or not be tried again."""
    deadline_seconds: float | None
    """After how long what has not ended would be given up, or torn down."""
    wait_seconds: float | None
    """After how long that would be so of what cannot be stopped."""
    runners: tuple[RunnerForecast, ...]
    children: tuple[ChildShown, ...]
    """Those that were begun, the open ones first; at most a hundred."""
    children_total: int
    children_counts: ChildrenForecast
    """How many run, by what becomes of them.

    Of a task run that is cancelled alone: itself, if it stands for one.
    """


def cancel_of(subject: Subject, mode: Mode) -> FlowCancel | TaskCancel:
    """A cancel without any other terms, to be asked about."""
    flow_run_id, task_run_id = subject
    # Of no request that was ever made: the answer is the one to a new one.
    asked = "what-if"
    if task_run_id is None:
        return FlowCancel(request_id=asked, flow_run_id=flow_run_id, mode=mode)
    return TaskCancel(request_id=asked, flow_run_id=flow_run_id, task_run_id=task_run_id, mode=mode)


def forecast(request: FlowCancel | TaskCancel, found: Cancellable, policy: Policy) -> Forecast:
    """By the rule that answers the request itself, and by the request's own terms."""
    now_ms = round(time.time() * 1000)
    answer = foretell(request, found.known, at_ms=now_ms, signed=True, policy=policy)
    outcome = _outcome(answer, is_known=found.flow is not None)
    alone = isinstance(request, TaskCancel)
    run = found.task if alone else found.flow
    is_waiting = found.task is not None and is_pending(found.task.state)
    clocks = _clocks(answer, run, now_ms)
    mode = mode_of(request, found.flow, policy)
    for_all = _policy_for_all(request, found.flow)
    return Forecast(
        can_cancel=outcome not in {"already_finished", "refused"},
        outcome=outcome,
        reason=answer.message if isinstance(answer, Refused) else _REASONS[outcome],
        code=answer.code.value if isinstance(answer, Refused) else None,
        state=None if run is None else run.state,
        running=sum(holder.task_runs for holder in found.holders),
        body_running=found.has_open_body,
        not_started=int(is_waiting) if alone else 0 if found.flow is None else found.flow.pending,
        deadline_seconds=clocks.deadline,
        wait_seconds=clocks.wait,
        runners=tuple(_runner(holder, mode, found, clocks) for holder in found.holders),
        children=tuple(_child(one, for_all) for one in found.family.children),
        children_total=found.family.total,
        children_counts=_children(found.children, for_all),
    )


_REASONS: dict[Outcome, str] = {
    "cancelling": "what runs of it is asked to stop, and nothing more of it starts",
    "cancelled": "nothing of it runs, so it ends at once",
    "armed": "nobody knows it yet; if it registers in time it is cancelled then",
    "escalated": "it is being cancelled, and would be aborted",
}


def _outcome(answer: Answer, *, is_known: bool) -> Outcome:
    if isinstance(answer, Refused):
        return outcome_of_refusal(answer.code, is_known=is_known)
    return outcome_of_event(answer[-1].event)


class _Clocks(NamedTuple):
    """After how many seconds each would strike; None: nothing would be waited for."""

    deadline: float | None
    wait: float | None


def _clocks(answer: Answer, run: FlowRun | TaskRun | None, now_ms: int) -> _Clocks:
    """Those that would be agreed, or hold already."""
    begun = None if run is None else run.cancellation
    first = None if isinstance(answer, Refused) else answer[0].event
    match first:
        case FlowCancelling(terms=terms) | TaskCancelling(terms=terms):
            deadline, wait = terms.deadline_at, terms.wait_until
        case CancellationEscalated(deadline_at=deadline):
            # Under an abort nothing is waited for beyond the deadline.
            wait = deadline
        case _ if begun is not None and run is not None and run.end is None:
            deadline, wait = begun.deadline_ms, begun.wait_ms
        case _:
            return _Clocks(None, None)
    return _Clocks(max(0, deadline - now_ms) / 1000, max(0, wait - now_ms) / 1000)


def _runner(holder: Holder, mode: Mode, found: Cancellable, clocks: _Clocks) -> RunnerForecast:
    said = None if holder.said is None else holder.said.capabilities
    fate = _fate_of(said, mode)
    return RunnerForecast(
        runner_id=holder.runner_id,
        task_runs=holder.task_runs,
        fate=fate,
        executor=None if said is None else said.executor,
        survivors="" if said is None else said.survivors,
        # One task run alone is no reason to end what the others run in.
        teardown=_teardown(holder, found.flow if found.task is None else None, fate, clocks),
    )


def _teardown(
    holder: Holder, flow: FlowRun | None, fate: Fate, clocks: _Clocks
) -> TeardownForecast:
    if holder.said is None:
        return TeardownForecast(fate="not_known")
    handle = holder.said.handle
    if handle is None:
        return TeardownForecast(fate="no_handle")
    if flow is None or not is_exclusive(flow, handle):
        return TeardownForecast(fate="shared", kind=handle.kind, scope=handle.scope)
    # Beside what is waited for nothing is torn down before that has had its time.
    after = clocks.wait if fate == "waited_for" else clocks.deadline
    return TeardownForecast(
        fate="torn_down",
        kind=handle.kind,
        scope=handle.scope,
        after_seconds=after,
        reached=holder.is_reached,
    )


def _policy_for_all(request: FlowCancel | TaskCancel, flow: FlowRun | None) -> CascadePolicy | None:
    """What is said for all children alike, or was agreed before. None: each has its own."""
    if isinstance(request, TaskCancel):
        return None
    begun = None if flow is None else flow.cancellation
    return request.cascade if begun is None else begun.cascade


def _child(row: ChildRow, for_all: CascadePolicy | None) -> ChildShown:
    child = ChildShown.of(row)
    if for_all is None or for_all is row.policy:
        return child
    waited_for = row.is_open and for_all is CascadePolicy.WAIT
    return child.model_copy(update={"policy": for_all, "waited_for": waited_for})


def _children(children: Children, for_all: CascadePolicy | None) -> ChildrenForecast:
    numbers = {
        CascadePolicy.WAIT: children.waited_for,
        CascadePolicy.REQUEST: children.asked,
        CascadePolicy.NONE: children.left_alone,
    }
    if for_all is not None:
        numbers = dict.fromkeys(CascadePolicy, 0) | {for_all: sum(numbers.values())}
    return ChildrenForecast(
        waited_for=numbers[CascadePolicy.WAIT],
        asked=numbers[CascadePolicy.REQUEST],
        left_alone=numbers[CascadePolicy.NONE],
    )


def _fate_of(said: RunnerCapabilities | None, mode: Mode) -> Fate:
    """What becomes of running work of an executor that can do this."""
    if said is None:
        return "not_known"
    if mode is Mode.ABORT and said.can_kill:
        return "killed"
    if mode is Mode.ABORT and said.may_exit:
        return "ended_with_its_process"
    if said.can_interrupt:
        return "interrupted_then_killed" if said.can_kill else "interrupted"
    return "killed" if said.can_kill else "waited_for"
