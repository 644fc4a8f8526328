"""The form that cancels one task run alone; its flow run goes on.

It asks as the API does, and may do no more, as the form of a flow run.
"""

import asyncio
from typing import Final

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from rescind.errors import ReadModelError
from rescind.events.words import Mode
from rescind.server.access.asking import PageCanceller, cancels_by_page
from rescind.server.api.cancels.cancels import Cancels
from rescind.server.api.cancels.words import CancelTaskRun
from rescind.server.api.means import Means
from rescind.server.api.reads.forecast import Forecast, forecast
from rescind.server.api.subjects import FlowRunId, Subject, TaskRunId
from rescind.server.web.cancelling.fields import EMPTY, is_abort_form, wanted_in
from rescind.server.web.shared.forms import Forms, key_in, new_key
from rescind.server.web.shared.problems import PageRoute
from rescind.server.web.shared.rendering import page, task_path

__all__ = ["cancel_task_routes"]

_MODES: Final = tuple(Mode)

_log = structlog.get_logger(__name__)


def cancel_task_routes(means: Means, forms: Forms) -> APIRouter:
    """The routes, asking by these means."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)
    cancels = Cancels(means)
    path = "/flow-runs/{flow_run_id}/task-runs/{task_run_id}/cancel"

    @router.get(path, dependencies=[Depends(cancels_by_page)])
    async def show_cancel_form_of_a_task_run(
        flow_run_id: FlowRunId,
        task_run_id: TaskRunId,
        request: Request,
        mode: Mode = Mode.GRACEFUL,
    ) -> Response:
        fields = {"mode": mode.value, "key": new_key()}
        if mode is Mode.GRACEFUL:
            fields["grace_seconds"] = ""
        subject = Subject(flow_run_id, task_run_id)
        return await _form_page(means, forms, request, subject, fields)

    @router.post(path)
    async def cancel_task_run(
        flow_run_id: FlowRunId, task_run_id: TaskRunId, by: PageCanceller, request: Request
    ) -> Response:
        fields = await forms.read(request)
        subject = Subject(flow_run_id, task_run_id)
        wanted = wanted_in(CancelTaskRun, fields)
        if not isinstance(wanted, CancelTaskRun):
            return await _form_page(means, forms, request, subject, fields, wanted)
        answer = (await cancels.ask(subject, wanted, by, key_in(fields))).answer
        # So that a reload asks for nothing.
        where = f"{task_path(flow_run_id, task_run_id)}?answer={answer.outcome}"
        return RedirectResponse(where, 303)

    return router


async def _form_page(
    means: Means,
    forms: Forms,
    request: Request,
    subject: Subject,
    fields: dict[str, str],
    wrong: dict[str, str] | None = None,
) -> Response:
    form = forms.new(request)
    away, by_mode = False, dict[str, Forecast]()
    try:
        by_mode = await asyncio.to_thread(_forecasts, means, subject)
    except ReadModelError as error:
        # A cancel needs Kafka alone: what it would come to is not known, and it can be asked for.
        _log.warning("what a cancel would come to is not known", error=str(error))
        away = True
    response = page(
        "cancel-task.html",
        422 if wrong else 200,
        place="runs",
        flow_run_id=subject.flow_run_id,
        task_run_id=subject.task_run_id,
        away=away,
        by_mode=by_mode,
        is_abort=is_abort_form(fields),
        fields={**EMPTY, **fields},
        wrong=wrong or {},
        grace_seconds=means.policy.grace_seconds,
        token=form.token,
    )
    form.put_on(response)
    return response


def _forecasts(means: Means, subject: Subject) -> dict[str, Forecast]:
    flow_run_id, task_run_id = subject
    found = means.model.cancellable(flow_run_id, task_run_id, waiting_max=0)
    return {mode.value: forecast(subject, mode, found, means.policy) for mode in _MODES}
