"""The form that cancels one task run alone; its flow run goes on.

It asks as the API does, and may do no more, as the form of a flow run.
"""

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from rescind.errors import ReadModelError
from rescind.events.words import Mode
from rescind.server.access.asking import PageCanceller, cancels_by_page
from rescind.server.api.cancels.cancels import Cancels
from rescind.server.api.cancels.words import CancelTaskRun
from rescind.server.api.means import Means
from rescind.server.api.reads.forecast import Forecast, forecast
from rescind.server.api.subjects import FlowRunId, Subject, TaskRunId
from rescind.server.web.forms import Forms, key_in, new_key, number_in
from rescind.server.web.problems import PageRoute
from rescind.server.web.rendering import page, task_path

__all__ = ["cancel_task_routes"]

_MODES: Final = tuple(Mode)


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
        subject = Subject(flow_run_id, task_run_id)
        return await _form_page(means, forms, request, subject, fields)

    @router.post(path)
    async def cancel_task_run(
        flow_run_id: FlowRunId, task_run_id: TaskRunId, by: PageCanceller, request: Request
    ) -> Response:
        fields = await forms.read(request)
        subject = Subject(flow_run_id, task_run_id)
        wanted = _wanted(fields)
        if not isinstance(wanted, CancelTaskRun):
            return await _form_page(means, forms, request, subject, fields, wanted)
        answer = (await cancels.ask(subject, wanted, by, key_in(fields))).answer
        # So that a reload asks for nothing.
        where = f"{task_path(flow_run_id, task_run_id)}?answer={answer.outcome}"
        return RedirectResponse(where, 303)

    return router


def _wanted(fields: dict[str, str]) -> CancelTaskRun | dict[str, str]:
    """What is asked for; or which field is wrong, and what was expected there."""
    said: dict[str, Any] = {"reason": fields.get("reason", "").strip()}
    if mode := fields.get("mode"):
        said["mode"] = mode
    try:
        said["grace_seconds"] = number_in(fields, "grace_seconds", "seconds, such as 30")
    except ValueError as error:
        return {"grace_seconds": str(error)}
    try:
        return CancelTaskRun(**said)
    except ValidationError as error:
        return {str(one["loc"][0]): str(one["msg"]) for one in error.errors()}


async def _form_page(
    means: Means,
    forms: Forms,
    request: Request,
    subject: Subject,
    fields: dict[str, str],
    wrong: dict[str, str] | None = None,
) -> Response:
    form = forms.new(request)
    away, by_mode = "", dict[str, Forecast]()
    try:
        by_mode = await asyncio.to_thread(_forecasts, means, subject)
    except ReadModelError as error:
        # A cancel needs Kafka alone: what it would come to is not known, and it can be asked for.
        away = str(error)
    response = page(
        "cancel-task.html",
        422 if wrong else 200,
        place="runs",
        flow_run_id=subject.flow_run_id,
        task_run_id=subject.task_run_id,
        away=away,
        by_mode=by_mode,
        fields={"reason": "", "grace_seconds": "", "mode": "graceful", **fields},
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
