"""`current_run`: what code inside a task or flow can ask about itself."""

import threading
from dataclasses import dataclass

from rescind.cancelled import Cancelled
from rescind.errors import WrongPlaceError
from rescind.runners.executors.attempt import RunningAttempt, running_attempt
from rescind.runners.sdk.session import any_body_runs

__all__ = ["CurrentRun", "current_run"]


@dataclass(frozen=True, slots=True)
class CurrentRun:
    """The attempt that this code is part of; outside of any, nothing is ever cancelling."""

    _attempt: RunningAttempt | None

    @property
    def flow_run_id(self) -> str | None:
        """The id of the flow run, None outside of any."""
        return None if self._attempt is None else self._attempt.key.flow_run_id

    @property
    def task_run_id(self) -> str | None:
        """The id of the task run, None outside of any."""
        return None if self._attempt is None else self._attempt.key.task_run_id

    @property
    def attempt(self) -> int:
        """Which try this is, from 1."""
        return 1 if self._attempt is None else self._attempt.key.attempt

    def is_cancelling(self) -> bool:
        """Whether this attempt is asked to stop. Costs well under a microsecond."""
        return self._attempt is not None and self._attempt.is_flagged()

    def raise_if_cancelling(self) -> None:
        """Stop here, if this attempt is asked to.

        Raises:
            Cancelled: it is. Let it pass.

        """
        if self.is_cancelling():
            raise Cancelled


def current_run() -> CurrentRun:
    """The attempt that this code is part of.

    Works in the main thread, in the executors' threads and processes. A thread that user code
    starts does not see it: hand it the object.

    Raises:
        WrongPlaceError: this is such a thread; it would never hear of a cancellation.

    """
    attempt = running_attempt()
    if attempt is None and any_body_runs():
        raise WrongPlaceError(
            "current_run() in the thread of a flow or task",
            f"the thread {threading.current_thread().name!r}, which it has started",
            "call it before that, and hand what it returns to the thread",
        )
    return CurrentRun(attempt)
