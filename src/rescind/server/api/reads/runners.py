"""Runners, and the task runs that have ended without anybody having seen them stop."""

import asyncio
from collections.abc import Mapping
from typing import Final, Self

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from rescind.events.states import TaskState
from rescind.events.words import Moment, RunnerCapabilities
from rescind.server.access.asking import Reader, reads_everything
from rescind.server.api.means import Means
from rescind.server.api.problems import Kind, problem_responses
from rescind.server.api.reads.filters import Cursor, Limit
from rescind.server.api.reads.words import PageOf
from rescind.server.readmodel.queries.answers import RunnerRow

__all__ = ["Runner", "runner_routes"]

_PAGE: Final = 50
_OF_A_LIST = problem_responses(Kind.CURSOR, Kind.READS_AWAY)


class Runner(BaseModel):
    """A runner, as the partitions that it uses have it."""

    runner_id: str
    states: dict[int, str]
    """In each of these partitions: ``Registered``, ``Gone.Left`` or ``Gone.Lost``."""
    since: Moment
    """Of the latest of those."""
    pool: str
    scope: str
    capabilities: RunnerCapabilities | None
    """What it can do about running work."""
    handle_kind: str | None
    """By what it can be ended from outside, if it can."""
    task_runs_held: int
    last_heard_at: Moment | None
    """By the broker's clock; none: not lately, as far as this server has listened."""

    @classmethod
    def of(cls, row: RunnerRow, heard: Mapping[str, int]) -> Self:
        return cls(
            runner_id=row.runner_id,
            states=dict(row.states),
            since=row.since_ms,
            pool=row.pool,
            scope=row.scope,
            capabilities=row.capabilities,
            handle_kind=None if row.handle is None else row.handle.kind,
            task_runs_held=row.task_runs_held,
            last_heard_at=heard.get(row.runner_id),
        )


def runner_routes(means: Means) -> APIRouter:
    """The routes, reading by these means."""
    router = APIRouter(tags=["runners"])
    model = means.model

    @router.get("/runners", responses=_OF_A_LIST, dependencies=[Depends(reads_everything)])
    async def list_runners(limit: Limit = _PAGE, cursor: Cursor = None) -> PageOf[Runner]:
        """Runners by their ids, those that are gone among them for as long as they are known."""
        page = await asyncio.to_thread(model.runners, limit=limit, cursor=cursor)
        heard = means.heard.at_ms
        return PageOf(items=tuple(Runner.of(row, heard) for row in page.items), cursor=page.cursor)

    @router.get("/unconfirmed-task-runs", responses=_OF_A_LIST)
    async def list_unconfirmed_task_runs(
        by: Reader, limit: Limit = _PAGE, cursor: Cursor = None
    ) -> PageOf[TaskState]:
        """Task runs that have ended without anybody having seen them stop, the latest first."""
        page = await asyncio.to_thread(model.unconfirmed, by.namespaces, limit=limit, cursor=cursor)
        return PageOf(items=page.items, cursor=page.cursor)

    return router
