"""Flow runs: lists of them, counts, and one with its timeline."""

import asyncio
import time
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from rescind.server.access.asking import Reader, Since, reads
from rescind.server.api.means import Means
from rescind.server.api.problems import Kind, problem_responses
from rescind.server.api.reads.filters import (
    Cursor,
    Limit,
    flow_filter,
    flow_filter_of_any_state,
)
from rescind.server.api.reads.journal import Event
from rescind.server.api.reads.words import Counts, FlowRun, FlowRunWhole, PageOf
from rescind.server.api.subjects import FlowRunId, Subject, unknown
from rescind.server.readmodel.queries.flows import FlowFilter

__all__ = ["flow_run_routes"]

_OF_A_LIST = problem_responses(Kind.CURSOR, Kind.READS_AWAY)
_OF_ONE = problem_responses(Kind.UNKNOWN_RUN, Kind.READS_AWAY)
_OF_A_PART = problem_responses(Kind.CURSOR, Kind.UNKNOWN_RUN, Kind.READS_AWAY)
_PAGE = 50

Stuck = Annotated[bool, Query(description="Only those that should have ended by now.")]


def flow_run_routes(means: Means) -> APIRouter:
    """The routes, reading by these means."""
    router = APIRouter(tags=["flow runs"], dependencies=[Depends(reads)])
    model = means.model

    @router.get("/flow-runs", responses=_OF_A_LIST)
    async def list_flow_runs(
        by: Reader,
        wanted: Annotated[FlowFilter, Depends(flow_filter)],
        stuck: Stuck = False,
        limit: Limit = _PAGE,
        cursor: Cursor = None,
    ) -> PageOf[FlowRun]:
        """Flow runs, the latest registration first; those that are stuck, the longest first."""
        wanted = replace(wanted, within=by.namespaces)
        if stuck:
            now_ms = round(time.time() * 1000)
            page = await asyncio.to_thread(model.stuck, now_ms, wanted, limit=limit, cursor=cursor)
        else:
            page = await asyncio.to_thread(model.flow_runs, wanted, limit=limit, cursor=cursor)
        return PageOf(items=tuple(map(FlowRun.of, page.items)), cursor=page.cursor)

    @router.get("/flow-run-counts", responses=problem_responses(Kind.READS_AWAY))
    async def count_flow_runs(
        by: Reader,
        wanted: Annotated[FlowFilter, Depends(flow_filter_of_any_state)],
        stuck: Stuck = False,
    ) -> Counts:
        """How many flow runs are in which state."""
        wanted = replace(wanted, within=by.namespaces)
        by_ms = round(time.time() * 1000) if stuck else None
        counts = await asyncio.to_thread(model.count_flow_runs, wanted, by_ms)
        return Counts(by_state=counts, total=sum(counts.values()))

    @router.get("/flow-runs/{flow_run_id}", responses=_OF_ONE)
    async def show_flow_run(flow_run_id: FlowRunId) -> FlowRunWhole:
        """One flow run, with its task runs in groups."""
        found = await asyncio.to_thread(model.flow_run, flow_run_id)
        if found is None:
            raise unknown(Subject(flow_run_id))
        return FlowRunWhole.of_details(found)

    @router.get("/flow-runs/{flow_run_id}/timeline", responses=_OF_A_PART)
    async def show_flow_run_timeline(
        flow_run_id: FlowRunId, since: Since, limit: Limit = _PAGE, cursor: Cursor = None
    ) -> PageOf[Event]:
        """What happened to it, as it happened. Of an id with several lives, all of them.

        Who is held to namespaces sees the present one.
        """
        page = await asyncio.to_thread(
            model.timeline, flow_run_id, since=since, limit=limit, cursor=cursor
        )
        if not page.items and cursor is None:
            raise unknown(Subject(flow_run_id))
        return PageOf(items=tuple(map(Event.of, page.items)), cursor=page.cursor)

    return router
