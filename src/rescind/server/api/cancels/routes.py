"""``POST …/cancel`` of a flow run, and of one task run of it."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from rescind.server.access.asking import Canceller
from rescind.server.api.cancels.answers import Answered
from rescind.server.api.cancels.cancels import Cancels
from rescind.server.api.cancels.keys import IdempotencyKey
from rescind.server.api.cancels.words import CancelAnswer, CancelFlowRun, CancelTaskRun
from rescind.server.api.means import Means
from rescind.server.api.problems import Kind, problem_responses
from rescind.server.api.subjects import FlowRunId, Subject, TaskRunId

__all__ = ["cancel_routes"]

_NOTHING_MORE = CancelFlowRun()
_NOTHING_MORE_OF_A_TASK = CancelTaskRun()

_PROBLEMS = problem_responses(
    *(Kind.UNREADABLE, Kind.NOT_ALLOWED, Kind.UNKNOWN_RUN, Kind.FINISHED, Kind.REFUSED),
    *(Kind.TOO_LARGE, Kind.KEY_USED, Kind.KAFKA_AWAY),
)
_LOCATION = {
    "Location": {
        "description": "Where the cancellation can be watched.",
        "schema": {"type": "string"},
    }
}
_ANSWERS = _PROBLEMS | {
    200: {"model": CancelAnswer, "description": "It is cancelled: nothing of it was running."},
    202: {
        "model": CancelAnswer,
        "description": "It is being cancelled, by this request or by one before it; or it will "
        "be when it registers (`armed`); or Kafka has the request and nobody has answered within "
        "two seconds (`accepted`).",
        "headers": _LOCATION,
    },
}


def cancel_routes(means: Means) -> APIRouter:
    """The routes, asking by these means."""
    router = APIRouter(tags=["cancel"])
    cancels = Cancels(means)

    @router.post("/flow-runs/{flow_run_id}/cancel", response_model=CancelAnswer, responses=_ANSWERS)
    async def cancel_flow_run(
        flow_run_id: FlowRunId,
        by: Canceller,
        response: Response,
        wanted: Annotated[CancelFlowRun | None, Body()] = None,
        idempotency_key: IdempotencyKey = None,
    ) -> CancelAnswer:
        """Cancel a flow run: nothing more of it starts, and what runs is stopped.

        Asking twice is harmless. An id that nobody knows is armed: the flow run that registers
        under it is born cancelled.
        """
        subject = Subject(flow_run_id)
        wanted = wanted or _NOTHING_MORE
        return _said(await cancels.ask(subject, wanted, by, idempotency_key), subject, response)

    @router.post(
        "/flow-runs/{flow_run_id}/task-runs/{task_run_id}/cancel",
        response_model=CancelAnswer,
        responses=_ANSWERS,
    )
    async def cancel_task_run(
        flow_run_id: FlowRunId,
        task_run_id: TaskRunId,
        by: Canceller,
        response: Response,
        wanted: Annotated[CancelTaskRun | None, Body()] = None,
        idempotency_key: IdempotencyKey = None,
    ) -> CancelAnswer:
        """Cancel one task run; the flow run goes on."""
        subject = Subject(flow_run_id, task_run_id)
        wanted = wanted or _NOTHING_MORE_OF_A_TASK
        return _said(await cancels.ask(subject, wanted, by, idempotency_key), subject, response)

    return router


def _said(answered: Answered, subject: Subject, response: Response) -> CancelAnswer:
    response.status_code = answered.status
    if answered.status == 202:
        response.headers["Location"] = f"{subject.path}/cancellation"
    return answered.answer
