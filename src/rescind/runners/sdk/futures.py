"""The end of a task run, before and after it is there."""

from collections.abc import Generator
from concurrent.futures import Future
from typing import Any, Generic, TypeVar, cast

from rescind.errors import TaskCancelledError, TaskFailedError, WrongPlaceError
from rescind.runners.executors.interrupting.mainthread import loop_runs_here
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
            WrongPlaceError: this is `async def` code: await the future instead.

        """
        if self._body is not None and self._body.is_here:
            self._body.session.wait_for(self._outcome.done)
        elif not self.done() and loop_runs_here():
            holds_nobody_up = ".result() where waiting holds nobody up"
            raise WrongPlaceError(holds_nobody_up, "code of an event loop", "await the future")
        return self._value(self._outcome.result())

    def __await__(self) -> Generator[Any, None, R]:
        """Wait for its end in `async def` code; raises what `result` raises."""
        # Late: it takes 40 ms, and plain flows do without.
        import asyncio

        # Shielded: whoever gives up waiting does not take the end away from the runner.
        outcome = yield from asyncio.shield(asyncio.wrap_future(self._outcome)).__await__()
        return self._value(outcome)

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
        if (error := end.error) is None:
            raise TaskFailedError(self.name, self.task_run_id, "Unknown", "")
        raise TaskFailedError(
            self.name, self.task_run_id, error.type, error.message, error.traceback or ""
        ) from error.exception
