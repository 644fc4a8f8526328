"""Cancel work that is already running, and prove what was done."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rescind.cancelled import Cancelled
    from rescind.errors import RescindError, TaskCancelledError, TaskFailedError
    from rescind.runners.client import RunnerClient
    from rescind.runners.executors import (
        AsyncExecutor,
        DaskExecutor,
        LocalExecutor,
        ProcessExecutor,
        ThreadExecutor,
    )
    from rescind.runners.sdk import CommandTask, current_run, flow, task

__all__ = [
    "AsyncExecutor",
    "Cancelled",
    "CommandTask",
    "DaskExecutor",
    "LocalExecutor",
    "ProcessExecutor",
    "RescindError",
    "RunnerClient",
    "TaskCancelledError",
    "TaskFailedError",
    "ThreadExecutor",
    "current_run",
    "flow",
    "task",
]

__version__ = "0.1.0"

# Looked up when they are asked for: whoever reads the journal with `rescind.events` needs no
# Kafka client and no executors, and should not wait for their import.
_WHERE = {
    "AsyncExecutor": "rescind.runners.executors",
    "Cancelled": "rescind.cancelled",
    "CommandTask": "rescind.runners.sdk",
    "DaskExecutor": "rescind.runners.executors",
    "LocalExecutor": "rescind.runners.executors",
    "ProcessExecutor": "rescind.runners.executors",
    "RescindError": "rescind.errors",
    "RunnerClient": "rescind.runners.client",
    "TaskCancelledError": "rescind.errors",
    "TaskFailedError": "rescind.errors",
    "ThreadExecutor": "rescind.runners.executors",
    "current_run": "rescind.runners.sdk",
    "flow": "rescind.runners.sdk",
    "task": "rescind.runners.sdk",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)
