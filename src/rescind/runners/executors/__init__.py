"""How a runner carries out attempts: in the main thread, threads, processes, a loop, on Dask.

`base` has the words, and one module has each executor. Executors know nothing of Kafka, of flow
runs' rules or of the service; what is due when is `rescind.runners.ladder`.
"""

from typing import TYPE_CHECKING, Any, Final

from rescind.errors import ExtraMissingError
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
    from rescind.runners.executors.dask.executor import DaskExecutor
    from rescind.runners.executors.eventloop import AsyncExecutor

__all__ = [
    "AsyncExecutor",
    "AttemptKey",
    "Call",
    "Capabilities",
    "Command",
    "CommandResult",
    "DaskExecutor",
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

_OF_DASK: Final = ("dask", "distributed")


def __getattr__(name: str) -> Any:
    # Late: asyncio takes 40 ms to import, and worker processes and plain calls do without.
    if name == "AsyncExecutor":
        from rescind.runners.executors.eventloop import AsyncExecutor

        return AsyncExecutor
    if name == "DaskExecutor":
        return _dask_executor()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _dask_executor() -> Any:
    try:
        from rescind.runners.executors.dask.executor import DaskExecutor
    except ModuleNotFoundError as error:
        if error.name not in _OF_DASK:
            raise
        raise ExtraMissingError("dask", error.name) from None
    return DaskExecutor
