"""One task run on its way: submitted by user code, carried by the conductor, then awaited."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from rescind.runners.executors import Call, Command, WorkEnd

__all__ = ["Outcome", "Submission"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task run ended, for whoever asks its future.

    `end` is the executor's end of the last attempt; `timed_out` says that its own time limit
    passed; `refusal` says why it was never begun, if the service would not have it.
    """

    end: WorkEnd
    timed_out: bool = False
    refusal: str | None = None


@dataclass(slots=True)
class Submission:
    """A task run that user code wants done.

    Durations in seconds. `cooperative_seconds` is how long a cancelled task asks to be left
    alone with the flag before it is interrupted. `may_exit`: on an abort, the process that it
    cannot be stopped in may be ended.
    """

    task_run_id: str
    name: str
    does: Call | Command
    retries: int = 0
    retry_delay_seconds: float = 0.0
    timeout_seconds: float | None = None
    cooperative_seconds: float = 0.0
    on_cancel: Callable[[], object] | None = None
    cleanup_seconds: float = 60.0
    may_exit: bool = False
    done: "Future[Outcome]" = field(default_factory=Future[Outcome])
