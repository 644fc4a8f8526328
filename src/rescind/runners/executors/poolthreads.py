"""Daemon threads in the shape that asyncio wants for the calls that it sends to threads."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

from rescind.runners.executors.workerthreads import WorkerThreads

__all__ = ["PoolThreads"]

P = ParamSpec("P")
T = TypeVar("T")


class PoolThreads(ThreadPoolExecutor):
    """At most `threads_max` threads. The ones of the class above never start: they are joined when
    the interpreter ends, and one that is stuck would hold the process for ever.

    `began` is told of each call, in the thread that asks for it.
    """

    def __init__(
        self,
        name: str,
        threads_max: int,
        began: Callable[["Future[Any]"], object] = lambda _: None,
    ) -> None:
        super().__init__(1)
        self._began = began
        self._workers: WorkerThreads[tuple[Future[Any], Callable[[], Any]]] = WorkerThreads(
            name, threads_max, _do
        )

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        future: Future[T] = Future()
        self._began(future)
        self._workers.put((future, partial(fn, *args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        self._workers.close()


def _do(item: "tuple[Future[Any], Callable[[], Any]]") -> None:
    future, call = item
    if not future.set_running_or_notify_cancel():
        return
    try:
        value = call()
    except BaseException as error:  # noqa: BLE001 - whoever waits for it is to have it.
        future.set_exception(error)
    else:
        future.set_result(value)
