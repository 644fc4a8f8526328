"""The attempt that runs here: what code inside it can ask about itself.

Found by a context variable, so it follows `contextvars` and not threads: a thread that user code
starts does not see it, unless the whole process works for one attempt (a worker of
`ProcessExecutor`). The object itself may be handed to any thread.
"""

from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass

from rescind.runners.executors.base import AttemptKey

__all__ = ["RunningAttempt", "context_of", "occupy_process", "running_attempt"]


@dataclass(frozen=True, slots=True)
class RunningAttempt:
    """One attempt as the code in it sees it. `is_flagged` costs well under a microsecond."""

    key: AttemptKey
    name: str
    is_flagged: Callable[[], bool]


_here: ContextVar[RunningAttempt | None] = ContextVar("rescind_attempt", default=None)
_of_process: list[RunningAttempt] = []


def running_attempt() -> RunningAttempt | None:
    """The attempt that this code is part of, or ``None`` outside of any."""
    attempt = _here.get()
    if attempt is None and _of_process:
        return _of_process[-1]
    return attempt


def context_of(attempt: RunningAttempt) -> Context:
    """A copy of the context here in which it is the one that runs.

    What work sets in its context variables ends with it.
    """
    context = copy_context()
    context.run(_here.set, attempt)
    return context


def occupy_process(attempt: RunningAttempt) -> None:
    """Make it the attempt of this whole process, for good: a worker serves one only."""
    _of_process.append(attempt)
