"""What an endpoint says of who may ask it, as dependencies: the API's first, then the pages'.

A route without one of these is open to everybody; a test has the list of those.
"""

import asyncio
from contextvars import ContextVar
from typing import Annotated, Any, Final

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from rescind.access.tokens import Scope
from rescind.server.access.gate import Gate
from rescind.server.access.viewer import Viewer
from rescind.server.api.problems import Kind, ProblemError
from rescind.server.api.subjects import Subject, unknown, unknown_bulk

__all__ = [
    "BulkCanceller",
    "BulkPageCanceller",
    "Canceller",
    "PageCanceller",
    "PageReader",
    "Reader",
    "Since",
    "administers",
    "administers_by_page",
    "cancels_all_of_it_by_page",
    "gate_of",
    "look_into_run",
    "reads",
    "reads_every_page",
    "reads_everything",
    "reads_page",
    "require_everywhere",
    "viewing",
]

viewing: ContextVar[Viewer | None] = ContextVar("viewing", default=None)
"""Who looks at the page that is being made; None: nobody has to say who they are, or has yet."""

# Only for the description: the gate says itself what is wrong, and in more words.
_BEARER: Final = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="Made by `rescind tokens create`. Nobody is asked for one where "
    "`RESCIND_ACCESS` is `open`.",
)


def gate_of(request: Request) -> Gate:
    gate: Gate = request.app.state.gate
    return gate


async def reads(request: Request, _: Annotated[Any, Security(_BEARER)]) -> Viewer:
    """Somebody who may look, and at this run, if the address names one."""
    viewer = gate_of(request).by_token(request, Scope.READ)
    await _look_into(request, viewer)
    return viewer


async def cancels(request: Request, _: Annotated[Any, Security(_BEARER)]) -> Viewer:
    """Somebody who may cancel.

    Where, the service decides: it knows a run that has not been read here yet, goes on while the
    read model is away, and answers of a run elsewhere as of one that is not there. A look ahead
    would be quicker in the one case than in the other, and so tell which it is.
    """
    return gate_of(request).by_token(request, Scope.CANCEL)


async def reads_page(request: Request) -> Viewer:
    """As `reads`, of somebody who has signed in."""
    viewer = gate_of(request).by_session(request, Scope.READ)
    viewing.set(viewer)
    await _look_into(request, viewer)
    return viewer


async def cancels_by_page(request: Request) -> Viewer:
    """As `cancels`, of somebody who has signed in.

    A form shows of a run what a page does, so whoever makes one looks into it by `look_into_run`.
    """
    viewer = gate_of(request).by_session(request, Scope.CANCEL)
    viewing.set(viewer)
    return viewer


def _since(request: Request) -> int:
    since: int = getattr(request.state, "since", 0)
    return since


Since = Annotated[int, Depends(_since)]
"""From which offset on they may see the journal of the run, after `reads` or `reads_page`: who is
held to namespaces sees the present life of an id, since an earlier one may have been elsewhere."""


def require_everywhere(viewer: Viewer) -> None:
    """For what belongs to no namespace. Raises `ProblemError` if they are held to some."""
    if viewer.namespaces is not None:
        detail = "expected a token for every namespace, since this belongs to none"
        raise ProblemError(Kind.NOT_ALLOWED, detail)


Reader = Annotated[Viewer, Depends(reads)]
Canceller = Annotated[Viewer, Depends(cancels)]
PageReader = Annotated[Viewer, Depends(reads_page)]
PageCanceller = Annotated[Viewer, Depends(cancels_by_page)]


async def reads_everything(by: Reader) -> Viewer:
    """Somebody who may look everywhere: at what belongs to no namespace."""
    return _everywhere(by)


async def cancels_all_of_it(request: Request, by: Canceller) -> Viewer:
    """Somebody who may cancel all that the bulk cancellation of the address means.

    What it means never changes, so here it is looked up, other than for a single run.
    """
    await _look_into(request, by)
    return by


async def administers(request: Request, _: Annotated[Any, Security(_BEARER)]) -> Viewer:
    """Somebody who may do everything: what is asked again may be anybody's."""
    return _everywhere(gate_of(request).by_token(request, Scope.ADMIN))


async def reads_every_page(by: PageReader) -> Viewer:
    """As `reads_everything`, of somebody who has signed in."""
    return _everywhere(by)


async def cancels_all_of_it_by_page(request: Request, by: PageCanceller) -> Viewer:
    """As `cancels_all_of_it`, of somebody who has signed in."""
    await _look_into(request, by)
    return by


async def administers_by_page(request: Request) -> Viewer:
    """As `administers`, of somebody who has signed in."""
    viewer = gate_of(request).by_session(request, Scope.ADMIN)
    viewing.set(viewer)
    return _everywhere(viewer)


BulkCanceller = Annotated[Viewer, Depends(cancels_all_of_it)]
BulkPageCanceller = Annotated[Viewer, Depends(cancels_all_of_it_by_page)]


async def _look_into(request: Request, viewer: Viewer) -> None:
    """Raises `ProblemError` for what lies elsewhere, as for what is not there."""
    if viewer.namespaces is None:
        return
    named = {**request.query_params, **request.path_params}
    if flow_run_id := named.get("flow_run_id"):
        task_run_id = request.path_params.get("task_run_id")
        await look_into_run(request, viewer, Subject(flow_run_id, task_run_id))
    if bulk_id := named.get("bulk_id"):
        found = await asyncio.to_thread(request.app.state.model.bulk_cancellation, bulk_id)
        if found is None or not viewer.sees_all(found.bulk.where.namespaces):
            raise unknown_bulk(bulk_id)


async def look_into_run(request: Request, viewer: Viewer, subject: Subject) -> None:
    """Raises `ProblemError` if it lies elsewhere, `ReadModelError` if nobody can say so now."""
    if viewer.namespaces is None:
        return
    life = await asyncio.to_thread(request.app.state.model.present_life, subject.flow_run_id)
    if life is None or not viewer.sees(life.namespace):
        raise unknown(subject)
    request.state.since = life.since


def _everywhere(viewer: Viewer) -> Viewer:
    """Raises `ProblemError` if they are held to some namespaces."""
    require_everywhere(viewer)
    return viewer
