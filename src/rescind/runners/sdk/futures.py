"""The end of a task run, before and after it is there."""

from concurrent.futures import Future
from typing import Generic, TypeVar, cast

from rescind.errors import TaskCancelledError, TaskFailedError
from rescind.runners.flowrunner.submission import Outcome
from rescind.runners.sdk.session import Body

__all__ = ["TaskFuture"]

R = TypeVar("R")


class TaskFuture(Generic[R]):
    """What `Task.submit` returns.

    It belongs to the flow that submitted it: it is waited for there, and not handed to tasks (hand
    over its ``result()``).
    """

    def __init__(
        self, name: str, task_run_id: str, outcome: "Future[Outcome]", body: Body | None
    ) -> None:
        self.name = name
        self.task_run_id = task_run_id
        self._outcome = outcome
        self._body = body

    def __repr__(self) -> str:
        state = "ended" if self.done() else "open"
        return f"<TaskFuture {self.task_run_id!r}, {state}>"

    def done(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self._outcome.done()

    def result(self) -> R:
        """Wait for its end; with `LocalExecutor` this is where it runs.

        Raises:
            TaskCancelledError: it was cancelled.
            TaskFailedError: it failed, crashed or took too long; the cause is its exception, where
                that could be brought along.
            Cancelled: the flow itself is being cancelled, while it waits here.

        """
        if self._body is not None and self._body.is_here:
            self._body.session.wait_for(self._outcome.done)
        return self._value(self._outcome.result())

    def _value(self, outcome: Outcome) -> R:
        end = outcome.end
        if end.end == "success":
            return cast("R", end.value)
        if outcome.refusal is not None:
            raise TaskFailedError(self.name, self.task_run_id, "Refused", outcome.refusal)
        if outcome.timed_out:
            message = "it took longer than its timeout_seconds"
            raise TaskFailedError(self.name, self.task_run_id, "TimedOut", message)
        if end.end == "cancelled":
            raise TaskCancelledError(self.name, self.task_run_id, end.how or "")
        kind, message, cause = "Unknown", "", None
        if end.error is not None:
            kind, message, cause = end.error.type, end.error.message, end.error.exception
        raise TaskFailedError(self.name, self.task_run_id, kind, message) from cause
