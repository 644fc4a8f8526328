"""Whether a run can be cancelled now, and what would become of what runs.

The first is the service's own rule, asked about what the read model has of the run. The second
is what each runner has said of its executor.
"""

import time
from typing import Literal

from pydantic import BaseModel

from rescind.asking.outcomes import Outcome, outcome_of_event, outcome_of_refusal
from rescind.events.requests import FlowCancel, TaskCancel
from rescind.events.words import Mode, RunnerCapabilities
from rescind.server.api.subjects import Subject
from rescind.server.readmodel.queries.answers import Cancellable, Children, Holder
from rescind.statemachine.decide.answers import Answer, Refused
from rescind.statemachine.foretelling import foretell
from rescind.statemachine.policy import Policy

__all__ = ["Fate", "Forecast", "fate_of", "forecast"]

Fate = Literal[
    "interrupted_then_killed", "interrupted", "killed", "ended_with_its_process", "waited_for",
    "not_known",
]  # fmt: skip


class RunnerForecast(BaseModel):
    """What would become of what a runner holds."""

    runner_id: str
    task_runs: int
    fate: Fate
    executor: str | None
    survivors: str
    """What the runner says that may outlive all that."""


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
    """How many task runs hold a grant: the body too, and not those that stand for children."""
    not_started: int
    """How many would never start, or not be tried again."""
    runners: tuple[RunnerForecast, ...]
    children: ChildrenForecast
    """Of a task run that is cancelled alone: itself, if it stands for one."""


def forecast(subject: Subject, mode: Mode, found: Cancellable, policy: Policy) -> Forecast:
    """By the rule that answers the request itself."""
    request = _request(subject, mode)
    now_ms = round(time.time() * 1000)
    answer = foretell(request, found.known, at_ms=now_ms, signed=True, policy=policy)
    outcome = _outcome(answer, is_known=found.flow is not None)
    run = found.flow if subject.task_run_id is None else found.task
    alone = subject.task_run_id is not None
    is_waiting = found.task is not None and found.task.state.startswith("Pending")
    return Forecast(
        can_cancel=outcome not in {"already_finished", "refused"},
        outcome=outcome,
        reason=answer.message if isinstance(answer, Refused) else _REASONS[outcome],
        code=answer.code.value if isinstance(answer, Refused) else None,
        state=None if run is None else run.state,
        running=sum(holder.task_runs for holder in found.holders),
        not_started=int(is_waiting) if alone else 0 if found.flow is None else found.flow.pending,
        runners=tuple(_runner(holder, mode) for holder in found.holders),
        children=_children(found.children),
    )


_REASONS: dict[Outcome, str] = {
    "cancelling": "what runs of it is asked to stop, and nothing more of it starts",
    "cancelled": "nothing of it runs, so it ends at once",
    "armed": "nobody knows it yet; if it registers in time it is cancelled then",
    "escalated": "it is being cancelled, and would be aborted",
}


def _request(subject: Subject, mode: Mode) -> FlowCancel | TaskCancel:
    flow_run_id, task_run_id = subject
    # Of no request that was ever made: the answer is the one to a new one.
    asked = "what-if"
    if task_run_id is None:
        return FlowCancel(request_id=asked, flow_run_id=flow_run_id, mode=mode)
    return TaskCancel(request_id=asked, flow_run_id=flow_run_id, task_run_id=task_run_id, mode=mode)


def _outcome(answer: Answer, *, is_known: bool) -> Outcome:
    if isinstance(answer, Refused):
        return outcome_of_refusal(answer.code, is_known=is_known)
    return outcome_of_event(answer[-1].event)


def _runner(holder: Holder, mode: Mode) -> RunnerForecast:
    said = None if holder.said is None else holder.said.capabilities
    return RunnerForecast(
        runner_id=holder.runner_id,
        task_runs=holder.task_runs,
        fate=fate_of(said, mode),
        executor=None if said is None else said.executor,
        survivors="" if said is None else said.survivors,
    )


def _children(children: Children) -> ChildrenForecast:
    return ChildrenForecast(
        waited_for=children.waited_for, asked=children.asked, left_alone=children.left_alone
    )


def fate_of(said: RunnerCapabilities | None, mode: Mode) -> Fate:
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
