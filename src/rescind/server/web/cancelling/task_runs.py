"""The form that cancels one task run alone; its flow run goes on.

It asks as the API does, and may do no more, as the form of a flow run.
"""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from rescind.events.words import Mode
from rescind.server.access.asking import PageCanceller
from rescind.server.api.cancels.cancels import Cancels
from rescind.server.api.cancels.words import CancelTaskRun
from rescind.server.api.means import Means
from rescind.server.api.subjects import FlowRunId, Subject, TaskRunId
from rescind.server.web.cancelling.fields import new_fields, wanted_in
from rescind.server.web.cancelling.form import CancelForms
from rescind.server.web.shared.forms import Forms, key_in
from rescind.server.web.shared.problems import PageRoute
from rescind.server.web.shared.rendering import task_path

__all__ = ["cancel_task_routes"]


def cancel_task_routes(means: Means, forms: Forms) -> APIRouter:
    """The routes, asking by these means."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)
    pages, cancels = CancelForms(means, forms), Cancels(means)
    path = "/flow-runs/{flow_run_id}/task-runs/{task_run_id}/cancel"

    @router.get(path)
    async def show_cancel_form_of_a_task_run(
        flow_run_id: FlowRunId,
        task_run_id: TaskRunId,
        by: PageCanceller,
        request: Request,
        mode: Mode = Mode.GRACEFUL,
    ) -> Response:
        return await pages.show(request, by, Subject(flow_run_id, task_run_id), new_fields(mode))

    @router.post(path)
    async def cancel_task_run(
        flow_run_id: FlowRunId, task_run_id: TaskRunId, by: PageCanceller, request: Request
    ) -> Response:
        fields, subject = await pages.read(request), Subject(flow_run_id, task_run_id)
        wanted = wanted_in(CancelTaskRun, fields)
        if not isinstance(wanted, CancelTaskRun):
            return await pages.show(request, by, subject, fields, wanted)
        answer = (await cancels.ask(subject, wanted, by, key_in(fields))).answer
        # So that a reload asks for nothing.
        where = f"{task_path(flow_run_id, task_run_id)}?answer={answer.outcome}"
        return RedirectResponse(where, 303)

    return router
