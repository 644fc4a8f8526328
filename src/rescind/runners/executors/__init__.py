"""How a runner carries out attempts: in the main thread, in threads, processes, an event loop.

`base` has the words, and one module has each executor. Executors know nothing of Kafka, of flow
runs' rules or of the service; what is due when is `rescind.runners.ladder`.
"""

from typing import TYPE_CHECKING, Any

from rescind.runners.executors.base import (
    AttemptKey,
    Call,
    Capabilities,
    Command,
    CommandResult,
    Executor,
    Rung,
    RungResult,
    Work,
    WorkEnd,
    WorkError,
)
from rescind.runners.executors.local import LocalExecutor
from rescind.runners.executors.processes import ProcessExecutor
from rescind.runners.executors.threads import ThreadExecutor

if TYPE_CHECKING:
    from rescind.runners.executors.eventloop import AsyncExecutor

__all__ = [
    "AsyncExecutor",
    "AttemptKey",
    "Call",
    "Capabilities",
    "Command",
    "CommandResult",
    "Executor",
    "LocalExecutor",
    "ProcessExecutor",
    "Rung",
    "RungResult",
    "ThreadExecutor",
    "Work",
    "WorkEnd",
    "WorkError",
]


def __getattr__(name: str) -> Any:
    # Late: asyncio takes 40 ms to import, and worker processes and plain calls do without.
    if name == "AsyncExecutor":
        from rescind.runners.executors.eventloop import AsyncExecutor

        return AsyncExecutor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
