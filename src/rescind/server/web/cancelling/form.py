"""The page of a form that cancels, a flow run or one task run of it: what would become of it.

Whoever is held to namespaces is shown a form of what lies there alone, whatever has led to it: as
it is opened, and as it is shown again because a field is wrong.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import structlog
from fastapi import Request
from fastapi.responses import Response

from rescind.errors import ReadModelError
from rescind.events.words import Mode
from rescind.server.access.asking import look_into_run
from rescind.server.access.viewer import Viewer
from rescind.server.api.means import Means
from rescind.server.api.reads.forecast import Forecast, cancel_of, forecast
from rescind.server.api.subjects import Subject
from rescind.server.web.cancelling.fields import EMPTY, is_abort_form
from rescind.server.web.cancelling.forecasting import TeardownLine, teardown_lines
from rescind.server.web.shared.forms import Forms
from rescind.server.web.shared.rendering import page

__all__ = ["CancelForms"]

_log = structlog.get_logger(__name__)


class _Foretold(NamedTuple):
    """What the form says of a run: its name, and what each mode would come to."""

    name: str
    graceful: Forecast
    abort: Forecast


class CancelForms:
    """Makes the pages of these forms, of flow runs and of task runs alike."""

    def __init__(self, means: Means, forms: Forms) -> None:
        self._means = means
        self._forms = forms

    async def read(self, request: Request) -> dict[str, str]:
        """The fields that were sent. Raises `ProblemError` if the form is none of ours."""
        return await self._forms.read(request)

    async def show(
        self,
        request: Request,
        by: Viewer,
        subject: Subject,
        fields: dict[str, str],
        wrong: dict[str, str] | None = None,
    ) -> Response:
        """The form, with what is wrong in it. Raises `ProblemError` if the run lies elsewhere."""
        said = await self._foretold(request, by, subject)
        form = self._forms.new(request)
        is_abort = is_abort_form(fields)
        response = page(
            "cancel.html" if subject.task_run_id is None else "cancel-task.html",
            422 if wrong else 200,
            place="runs",
            flow_run_id=subject.flow_run_id,
            task_run_id=subject.task_run_id,
            name=subject.flow_run_id if said is None else said.name,
            says=None if said is None else said.graceful,
            abort=None if said is None else said.abort,
            teardowns=() if said is None else _teardowns(said, is_abort=is_abort),
            is_abort=is_abort,
            fields={**EMPTY, **fields},
            wrong=wrong or {},
            grace_seconds=self._means.policy.grace_seconds,
            token=form.token,
        )
        form.put_on(response)
        return response

    async def _foretold(self, request: Request, by: Viewer, subject: Subject) -> _Foretold | None:
        """None: the read model is away, and nothing of the run is looked up any further."""
        try:
            await look_into_run(request, by, subject)
            return await asyncio.to_thread(self._forecasts, subject)
        except ReadModelError as error:
            # A cancel needs Kafka alone, and can be asked for all the same.
            _log.warning("what a cancel would come to is not known", error=str(error))
            return None

    def _forecasts(self, subject: Subject) -> _Foretold:
        policy = self._means.policy
        found = self._means.model.cancellable(*subject, waiting_max=policy.sweep_chunk)
        name = subject.flow_run_id if found.flow is None else found.flow.name
        graceful, abort = (
            forecast(cancel_of(subject, mode), found, policy)
            for mode in (Mode.GRACEFUL, Mode.ABORT)
        )
        return _Foretold(name, graceful, abort)


def _teardowns(said: _Foretold, *, is_abort: bool) -> Sequence[TeardownLine]:
    return teardown_lines(None if is_abort else said.graceful, said.abort)
