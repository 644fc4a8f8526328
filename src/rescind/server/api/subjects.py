"""What is asked about: a flow run, or one task run of it, and where it is in this API."""

from typing import Annotated, Final, NamedTuple
from urllib.parse import quote

from fastapi import Path

from rescind.events.words import ChosenId
from rescind.server.api.problems import Kind, ProblemError

__all__ = ["PREFIX", "FlowRunId", "Subject", "TaskRunId", "unknown", "unknown_bulk"]

PREFIX: Final = "/api/v1"

_CHECK: Final = "Check the id; what was asked for a moment ago may not be here yet."

FlowRunId = Annotated[ChosenId, Path(description="The id of a flow run.")]
TaskRunId = Annotated[ChosenId, Path(description="The id of a task run of it.")]


class Subject(NamedTuple):
    """A flow run as a whole, or one task run of it alone."""

    flow_run_id: str
    task_run_id: str | None = None

    @property
    def path(self) -> str:
        """Where it is, as a URL has it."""
        flow = f"{PREFIX}/flow-runs/{quote(self.flow_run_id, safe='')}"
        if self.task_run_id is None:
            return flow
        return f"{flow}/task-runs/{quote(self.task_run_id, safe='')}"

    def __str__(self) -> str:
        if self.task_run_id is None:
            return f"flow run {self.flow_run_id!r}"
        return f"task run {self.task_run_id!r} of {self.flow_run_id!r}"


def unknown(subject: Subject) -> ProblemError:
    """The journal has nothing of it, as far as it has been read."""
    detail = f"expected a run that is known, but {subject} is not"
    return ProblemError(Kind.UNKNOWN_RUN, detail, remedy=_CHECK)


def unknown_bulk(bulk_id: str) -> ProblemError:
    """The same of a bulk cancellation."""
    detail = f"expected a bulk cancellation that is known, but {bulk_id!r} is not"
    return ProblemError(Kind.UNKNOWN_BULK, detail, remedy=_CHECK)
