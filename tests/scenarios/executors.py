"""The executors that flows of the scenarios run on, by their names there."""

from collections.abc import Callable, Sequence
from typing import Final

from rescind import AsyncExecutor, ProcessExecutor, ThreadExecutor
from rescind.runners.executors import AttemptKey, Executor, LocalExecutor, Rung, RungResult

__all__ = ["executor_of"]


class FailingExecutor(ProcessExecutor):
    """Raises when it is told to interrupt: the weaker half of its ladder is broken."""

    def cancel(self, keys: Sequence[AttemptKey], rung: Rung) -> list[RungResult]:
        if rung in (Rung.FLAG, Rung.INTERRUPT):
            raise OSError("the backend does not answer")
        return super().cancel(keys, rung)


EXECUTORS: Final[dict[str, Callable[[], Executor]]] = {
    "local": LocalExecutor,
    "threads": ThreadExecutor,
    "async": AsyncExecutor,
    "async-1000": lambda: AsyncExecutor(1_000),
    "processes": lambda: ProcessExecutor(2),
    "failing": lambda: FailingExecutor(2),
}


def executor_of(name: str) -> Executor:
    """One of those; ``dask``: two workers of its own; ``dask:ADDRESS``: four at once there."""
    kind, _, address = name.partition(":")
    if kind != "dask":
        return EXECUTORS[kind]()
    from rescind import DaskExecutor  # Late: it takes every flow of the scenarios a second.

    return DaskExecutor(4, address=address) if address else DaskExecutor(2)
