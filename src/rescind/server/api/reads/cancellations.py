"""What became of a cancellation, and what would become of one that came now."""

import asyncio
from typing import Final

from fastapi import APIRouter, Depends

from rescind.events.words import Mode
from rescind.server.access.asking import reads
from rescind.server.api.means import Means
from rescind.server.api.problems import Kind, ProblemError, problem_responses
from rescind.server.api.reads.forecast import Forecast, cancel_of, forecast
from rescind.server.api.reads.words import ArmedShown, CancellationShown
from rescind.server.api.subjects import FlowRunId, Subject, TaskRunId, unknown

__all__ = ["cancellation_routes"]

_FLOW: Final = "/flow-runs/{flow_run_id}"
_TASK: Final = f"{_FLOW}/task-runs/{{task_run_id}}"
_OF_AN_ACCOUNT: Final = problem_responses(Kind.UNKNOWN_RUN, Kind.NO_CANCELLATION, Kind.READS_AWAY)
_OF_A_FORECAST: Final = problem_responses(Kind.READS_AWAY)


def cancellation_routes(means: Means) -> APIRouter:
    """The routes, reading by these means."""
    router = APIRouter(tags=["cancellations"], dependencies=[Depends(reads)])
    model, policy = means.model, means.policy

    @router.get(f"{_FLOW}/cancellation", responses=_OF_AN_ACCOUNT)
    async def show_flow_run_cancellation(
        flow_run_id: FlowRunId,
    ) -> CancellationShown | ArmedShown:
        """The account of its cancellation as it stands."""
        account = await asyncio.to_thread(model.cancel_account, flow_run_id)
        if account is not None:
            return CancellationShown.of_flow(account)
        armed = await asyncio.to_thread(model.armed_for, flow_run_id)
        if armed is not None:
            return ArmedShown.of(armed)
        found = await asyncio.to_thread(model.flow_row, flow_run_id)
        raise _none(Subject(flow_run_id), is_known=found is not None)

    @router.get(f"{_TASK}/cancellation", responses=_OF_AN_ACCOUNT)
    async def show_task_run_cancellation(
        flow_run_id: FlowRunId, task_run_id: TaskRunId
    ) -> CancellationShown:
        """What became of its being cancelled alone."""
        task = await asyncio.to_thread(model.task_run, flow_run_id, task_run_id)
        if task is None or task.cancellation is None:
            raise _none(Subject(flow_run_id, task_run_id), is_known=task is not None)
        asked_at = task.cancellation.asked_at
        late = await asyncio.to_thread(model.late_since, flow_run_id, task_run_id, asked_at)
        return CancellationShown.of_task(task, task.cancellation, late)

    @router.get(f"{_FLOW}/can-cancel", responses=_OF_A_FORECAST)
    async def can_cancel_flow_run(flow_run_id: FlowRunId, mode: Mode = Mode.GRACEFUL) -> Forecast:
        """What a cancel would come to if it came now, and what each runner would do."""
        chunk = policy.sweep_chunk
        found = await asyncio.to_thread(model.cancellable, flow_run_id, waiting_max=chunk)
        return forecast(cancel_of(Subject(flow_run_id), mode), found, policy)

    @router.get(f"{_TASK}/can-cancel", responses=_OF_A_FORECAST)
    async def can_cancel_task_run(
        flow_run_id: FlowRunId, task_run_id: TaskRunId, mode: Mode = Mode.GRACEFUL
    ) -> Forecast:
        """The same of one task run alone."""
        found = await asyncio.to_thread(model.cancellable, flow_run_id, task_run_id, waiting_max=0)
        return forecast(cancel_of(Subject(flow_run_id, task_run_id), mode), found, policy)

    return router


def _none(subject: Subject, *, is_known: bool) -> ProblemError:
    if not is_known:
        return unknown(subject)
    return ProblemError(Kind.NO_CANCELLATION, f"nobody has asked to cancel {subject}")
