"""Reports that came when what they are about was over, as JSON."""

from typing import Self

from pydantic import BaseModel

from rescind.events.journal import TaskLateReport
from rescind.events.words import End, ErrorInfo, How, Moment
from rescind.server.readmodel.queries import answers

__all__ = ["LateReport"]


class LateReport(BaseModel):
    """What was said when it was over. It is kept, and the state stays."""

    at: Moment
    task_run_id: str | None
    """None: the end of the flow run as a whole."""
    attempt: int | None
    runner_id: str | None
    """None: it is the end of a child, told by the child's own stream."""
    end: End
    """The end that was reported."""
    how: How | None
    result_ref: str | None
    error: ErrorInfo | None
    state: str
    """Of what it is about, as that is now."""

    @classmethod
    def of(cls, late: answers.LateReport) -> Self:
        said = late.said
        return cls(
            at=late.at_ms,
            task_run_id=late.task_run_id,
            attempt=late.attempt,
            runner_id=said.runner_id,
            end=said.end,
            how=said.how if isinstance(said, TaskLateReport) else None,
            result_ref=said.result_ref,
            error=said.error,
            state=late.state,
        )
