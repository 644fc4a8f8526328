"""The form that cancels a flow run: what would become of it, and what has come of asking.

It asks as the API does, and may do no more: what is here is words around `Cancels`.
"""

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from rescind.events.words import Mode
from rescind.server.access.asking import PageCanceller
from rescind.server.api.cancels.answers import Answered
from rescind.server.api.cancels.cancels import Cancels
from rescind.server.api.cancels.words import CancelFlowRun
from rescind.server.api.means import Means
from rescind.server.api.subjects import FlowRunId, Subject
from rescind.server.web.cancelling.fields import new_fields, wanted_in
from rescind.server.web.cancelling.form import CancelForms
from rescind.server.web.shared.forms import Forms, key_in
from rescind.server.web.shared.problems import PageRoute
from rescind.server.web.shared.rendering import page
from rescind.server.web.shared.words import ANSWERS

__all__ = ["cancel_form_routes"]

_SHOWN_ON_THE_RUN: Final = ("cancelling", "already_cancelling", "escalated", "cancelled")


def cancel_form_routes(means: Means, forms: Forms) -> APIRouter:
    """The routes, asking by these means."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)
    pages, cancels = CancelForms(means, forms), Cancels(means)
    path = "/flow-runs/{flow_run_id}/cancel"

    @router.get(path)
    async def show_cancel_form(
        flow_run_id: FlowRunId, by: PageCanceller, request: Request, mode: Mode = Mode.GRACEFUL
    ) -> Response:
        return await pages.show(request, by, Subject(flow_run_id), new_fields(mode))

    @router.post(path)
    async def cancel(flow_run_id: FlowRunId, by: PageCanceller, request: Request) -> Response:
        fields, subject = await pages.read(request), Subject(flow_run_id)
        wanted = wanted_in(CancelFlowRun, fields)
        if not isinstance(wanted, CancelFlowRun):
            return await pages.show(request, by, subject, fields, wanted)
        return _told(await cancels.ask(subject, wanted, by, key_in(fields)), flow_run_id)

    return router


def _told(answered: Answered, flow_run_id: str) -> Response:
    answer = answered.answer
    title, sentence = ANSWERS[answer.outcome]
    if answer.outcome in _SHOWN_ON_THE_RUN:
        # So that a reload asks for nothing.
        where = f"{Subject(flow_run_id).path.removeprefix('/api/v1')}?answer={answer.outcome}"
        return RedirectResponse(where, 303)
    return page(
        "answer.html",
        answered.status,
        place="runs",
        flow_run_id=flow_run_id,
        title=title,
        sentence=sentence,
        answer=answer,
    )
