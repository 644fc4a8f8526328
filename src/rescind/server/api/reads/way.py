"""The way of a cancellation, as JSON: rungs, warnings, teardowns, and the children beside it."""

from typing import Self

from pydantic import BaseModel

from rescind.events.words import CascadePolicy, Moment, Rung, Text
from rescind.server.readmodel.queries.answers import (
    ChildRow,
    StepTaken,
    TeardownOutcome,
    TeardownTold,
    Warned,
)

__all__ = ["ChildShown", "StepShown", "TeardownShown", "WarningShown"]


class ChildShown(BaseModel):
    """A child of the flow run, and what a cancel of its parent means for it."""

    flow_run_id: str
    task_run_id: str
    """The task run of the parent that stands for it."""
    state: str
    """Its own; of one in another namespace, of that task run."""
    policy: CascadePolicy
    """`wait`: cancelled with its parent, and waited for. `request`: cancelled, and not waited
    for. `none`: left alone."""
    is_open: bool
    """It was begun and has not ended."""
    waited_for: bool
    """Its parent does not end before it, or would not, if it were cancelled now."""
    cancel_sent: bool
    """Kafka has a cancel for it."""

    @classmethod
    def of(cls, row: ChildRow) -> Self:
        return cls(
            flow_run_id=row.flow_run_id,
            task_run_id=row.task_run_id,
            state=row.state,
            policy=row.policy,
            is_open=row.is_open,
            waited_for=row.is_waited_for,
            cancel_sent=row.cancel_sent,
        )


class StepShown(BaseModel):
    """A rung of the ladder that was taken, and what came of it: `done`, `failed`, `unsupported`."""

    rung: Rung
    outcome: str
    task_runs: int
    """Of how many task runs that was reported."""
    at_least: bool = False
    """So much has happened that only the latest was looked at: it may be of more, and earlier."""
    first_at: Moment
    last_at: Moment
    message: Text = ""
    """Of the latest report."""

    @classmethod
    def of(cls, step: StepTaken) -> Self:
        return cls(
            rung=step.rung,
            outcome=step.outcome,
            task_runs=step.task_runs,
            at_least=step.at_least,
            first_at=step.first_ms,
            last_at=step.last_ms,
            message=step.message,
        )


class WarningShown(BaseModel):
    """What an executor has warned of, or how it has failed. The cancellation goes on."""

    at: Moment
    """When it was said last."""
    runner_id: str
    executor: str
    message: Text
    failed: bool
    """True: its `cancel` has raised."""

    @classmethod
    def of(cls, warned: Warned) -> Self:
        return cls(
            at=warned.at_ms,
            runner_id=warned.runner_id,
            executor=warned.executor,
            message=warned.message,
            failed=warned.failed,
        )


class TeardownShown(BaseModel):
    """The end of a runner's infrastructure from outside, as it stands."""

    runner_id: str
    """Whose infrastructure it is."""
    kind: str
    """As `docker`."""
    scope: str
    shared: bool
    """Other flow runs may be there: it is ended because its runner was lost, and not waited for."""
    outcome: TeardownOutcome
    at: Moment
    """Of that."""
    asked_of: str | None
    """The runner that was asked or has answered last; none: nobody lives who could do it."""
    given_up_at: Moment | None
    """When it will be, unless it is done by then."""
    code: str
    """Of a failure, also while somebody is asked again."""
    message: Text

    @classmethod
    def of(cls, told: TeardownTold) -> Self:
        return cls(
            runner_id=told.runner_id,
            kind=told.kind,
            scope=told.scope,
            shared=told.is_shared,
            outcome=told.outcome,
            at=told.at_ms,
            asked_of=told.asked_of,
            given_up_at=told.until_ms,
            code=told.code,
            message=told.message,
        )
