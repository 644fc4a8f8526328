"""The task runs of a flow run: all of them, and one."""

import asyncio

from fastapi import APIRouter, Depends

from rescind.events.states import TaskState
from rescind.server.access.asking import Since, reads
from rescind.server.api.means import Means
from rescind.server.api.problems import Kind, problem_responses
from rescind.server.api.reads.filters import Cursor, HasText, Limit, TaskStates
from rescind.server.api.reads.journal import Event
from rescind.server.api.reads.words import PageOf, TaskRunWhole
from rescind.server.api.subjects import FlowRunId, Subject, TaskRunId, unknown

__all__ = ["task_run_routes"]

_OF_ONE = problem_responses(Kind.UNKNOWN_RUN, Kind.READS_AWAY)
_OF_A_LIST = problem_responses(Kind.CURSOR, Kind.UNKNOWN_RUN, Kind.READS_AWAY)
_PAGE = 50


def task_run_routes(means: Means) -> APIRouter:
    """The routes, reading by these means."""
    router = APIRouter(
        prefix="/flow-runs/{flow_run_id}/task-runs",
        tags=["task runs"],
        dependencies=[Depends(reads)],
    )
    model = means.model

    @router.get("", responses=_OF_A_LIST)
    async def list_task_runs(
        flow_run_id: FlowRunId,
        state: TaskStates = (),
        text: HasText = None,
        limit: Limit = _PAGE,
        cursor: Cursor = None,
    ) -> PageOf[TaskState]:
        """Its task runs in the order of their registration, the body among them."""
        page = await asyncio.to_thread(
            model.task_runs, flow_run_id, state, text, limit=limit, cursor=cursor
        )
        if not page.items and await asyncio.to_thread(model.flow_row, flow_run_id) is None:
            raise unknown(Subject(flow_run_id))
        return PageOf(items=page.items, cursor=page.cursor)

    @router.get("/{task_run_id}", responses=_OF_ONE)
    async def show_task_run(flow_run_id: FlowRunId, task_run_id: TaskRunId) -> TaskRunWhole:
        """One task run, and what was said of it when it was over."""
        found = await asyncio.to_thread(model.task_run, flow_run_id, task_run_id)
        if found is None:
            raise unknown(Subject(flow_run_id, task_run_id))
        late = await asyncio.to_thread(model.late_reports, flow_run_id, task_run_id)
        return TaskRunWhole.of(found, late)

    @router.get("/{task_run_id}/timeline", responses=_OF_A_LIST)
    async def show_task_run_timeline(
        flow_run_id: FlowRunId,
        task_run_id: TaskRunId,
        since: Since,
        limit: Limit = _PAGE,
        cursor: Cursor = None,
    ) -> PageOf[Event]:
        """What happened to it, as it happened."""
        page = await asyncio.to_thread(
            model.timeline, flow_run_id, task_run_id, since=since, limit=limit, cursor=cursor
        )
        if not page.items and cursor is None:
            raise unknown(Subject(flow_run_id, task_run_id))
        return PageOf(items=tuple(map(Event.of, page.items)), cursor=page.cursor)

    return router
