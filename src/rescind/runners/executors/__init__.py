"""How a runner carries out attempts: in the main thread, in threads, in processes.

`base` has the words, and one module has each executor. Executors know nothing of Kafka, of flow
runs' rules or of the service; what is due when is `rescind.runners.ladder`.
"""

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

__all__ = [
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
