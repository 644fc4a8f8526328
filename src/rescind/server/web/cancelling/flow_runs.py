"""The form that cancels a flow run: what would become of it, and what has come of asking.

It asks as the API does, and may do no more: what is here is words around `Cancels`.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from rescind.errors import ReadModelError
from rescind.events.words import Mode
from rescind.server.access.asking import PageCanceller, cancels_by_page
from rescind.server.api.cancels.answers import Answered
from rescind.server.api.cancels.cancels import Cancels
from rescind.server.api.cancels.words import CancelFlowRun
from rescind.server.api.means import Means
from rescind.server.api.reads.forecast import Forecast, forecast
from rescind.server.api.subjects import FlowRunId, Subject
from rescind.server.web.cancelling.fields import EMPTY, is_abort_form, wanted_in
from rescind.server.web.cancelling.forecasting import TeardownLine, teardown_lines
from rescind.server.web.shared.forms import Forms, key_in, new_key
from rescind.server.web.shared.problems import PageRoute
from rescind.server.web.shared.rendering import page
from rescind.server.web.shared.words import ANSWERS

__all__ = ["cancel_form_routes"]

_log = structlog.get_logger(__name__)

_SHOWN_ON_THE_RUN: Final = ("cancelling", "already_cancelling", "escalated", "cancelled")


def cancel_form_routes(means: Means, forms: Forms) -> APIRouter:
    """The routes, asking by these means."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)
    cancels = Cancels(means)

    @router.get("/flow-runs/{flow_run_id}/cancel", dependencies=[Depends(cancels_by_page)])
    async def show_cancel_form(
        flow_run_id: FlowRunId, request: Request, mode: Mode = Mode.GRACEFUL
    ) -> Response:
        fields = {"mode": mode.value, "key": new_key()}
        if mode is Mode.GRACEFUL:
            fields["grace_seconds"] = ""
        return await _form_page(means, forms, request, flow_run_id, fields)

    @router.post("/flow-runs/{flow_run_id}/cancel")
    async def cancel(flow_run_id: FlowRunId, by: PageCanceller, request: Request) -> Response:
        fields = await forms.read(request)
        wanted = wanted_in(CancelFlowRun, fields)
        if not isinstance(wanted, CancelFlowRun):
            return await _form_page(means, forms, request, flow_run_id, fields, wanted)
        subject = Subject(flow_run_id)
        answered = await cancels.ask(subject, wanted, by, key_in(fields))
        return _told(answered, flow_run_id)

    return router


async def _form_page(
    means: Means,
    forms: Forms,
    request: Request,
    flow_run_id: str,
    fields: dict[str, str],
    wrong: dict[str, str] | None = None,
) -> Response:
    form = forms.new(request)
    away, name = False, flow_run_id
    is_abort = is_abort_form(fields)
    by_mode: dict[str, Forecast] = {}
    try:
        by_mode, name = await asyncio.to_thread(_forecasts, means, flow_run_id)
    except ReadModelError as error:
        # A cancel needs Kafka alone: what it would come to is not known, and it can be asked for.
        _log.warning("what a cancel would come to is not known", error=str(error))
        away = True
    response = page(
        "cancel.html",
        422 if wrong else 200,
        place="runs",
        flow_run_id=flow_run_id,
        name=name,
        away=away,
        by_mode=by_mode,
        runners=_side_by_side(by_mode),
        teardowns=_teardowns(by_mode, is_abort),
        is_abort=is_abort,
        fields={**EMPTY, **fields},
        wrong=wrong or {},
        grace_seconds=means.policy.grace_seconds,
        token=form.token,
    )
    form.put_on(response)
    return response


def _forecasts(means: Means, flow_run_id: str) -> tuple[dict[str, Forecast], str]:
    """By mode; and the name of the flow run."""
    chunk = means.policy.sweep_chunk
    found = means.model.cancellable(flow_run_id, waiting_max=chunk)
    subject = Subject(flow_run_id)
    said = {mode.value: forecast(subject, mode, found, means.policy) for mode in Mode}
    return said, flow_run_id if found.flow is None else found.flow.name


def _teardowns(by_mode: dict[str, Forecast], is_abort: bool) -> Sequence[TeardownLine]:
    if not by_mode:
        return ()
    return teardown_lines(None if is_abort else by_mode["graceful"], by_mode["abort"])


def _side_by_side(by_mode: dict[str, Forecast]) -> list[tuple[Any, Any]]:
    if not by_mode:
        return []
    return list(zip(by_mode["graceful"].runners, by_mode["abort"].runners, strict=True))


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
