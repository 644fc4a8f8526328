"""Any `concurrent.futures.Executor` as a pool that can be cancelled, on `RunnerClient` alone.

rescind up
python examples/any_executor.py threads squares-1
rescind cancel squares-1 --reason "wrong input" --wait
rescind show squares-1

A pool can keep from beginning what waits, and cannot stop what runs: so that is said, by name, and
its real end is reported. Instead of ``threads``: ``processes``, which are no easier to stop.
"""

import concurrent.futures as cf
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from rescind.runners.client import (
    CancelFlow,
    CancelTask,
    Ended,
    Grant,
    How,
    Lost,
    RunnerCapabilities,
    SyncRun,
    SyncRunnerClient,
)

POOLS = {"threads": cf.ThreadPoolExecutor, "processes": cf.ProcessPoolExecutor}


class CancellableExecutor(cf.Executor):
    """Hands calls on to a pool of yours, each as a task run, once it may begin.

    At most `at_once` are in the pool, its workers, so that what has leave to begin begins right
    away; what waits does so here.
    """

    def __init__(self, pool: cf.Executor, run: SyncRun, at_once: int) -> None:
        self._pool = pool
        self._run = run
        self._room = threading.Semaphore(at_once)
        self._asking = cf.ThreadPoolExecutor(1)
        self._in_pool: dict[str, cf.Future[Any]] = {}
        self._count = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> cf.Future[Any]:
        self._count += 1
        task, future = f"{fn.__name__}-{self._count}", cf.Future[Any]()
        self._run.register([task])
        self._asking.submit(self._begin, task, future, partial(fn, *args, **kwargs))
        return future

    def stop(self, *tasks: str) -> list[str]:
        """Stop those that are named and in the pool, or all: returns what cannot be stopped."""
        wanted = {task: self._in_pool.get(task) for task in tasks or list(self._in_pool)}
        return [task for task, held in wanted.items() if held is not None and not held.cancel()]

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._asking.shutdown(wait, cancel_futures=cancel_futures)
        self._pool.shutdown(wait, cancel_futures=cancel_futures)

    def _begin(self, task: str, future: cf.Future[Any], call: Callable[[], Any]) -> None:
        self._room.acquire()
        if not self._may_begin(task):
            self._room.release()
            _cancelled(future)
            return
        self._in_pool[task] = held = self._pool.submit(call)
        if self._run.cancellation_of(task) is not None:
            held.cancel()  # Told between the two lines above: `stop` has not seen it.
        held.add_done_callback(partial(self._ended, task, future))

    def _may_begin(self, task: str) -> bool:
        grant = self._run.start(task)
        while isinstance(grant, Grant):
            if self._run.may_begin(grant):
                return True
            if self._run.cancellation_of(task) is not None:
                self._run.give_back(grant)
                return False
            grant = self._run.start(task)  # It had only become too old.
        return False

    def _ended(self, task: str, future: cf.Future[Any], held: cf.Future[Any]) -> None:
        del self._in_pool[task]
        self._room.release()
        if held.cancelled():
            self._run.finish(task, Ended.cancelled(How.NEVER_STARTED))
            _cancelled(future)
        elif (error := held.exception()) is not None:
            self._run.finish(task, Ended.failed(error))
            future.set_exception(error)
        else:
            self._run.finish(task, Ended.success())
            future.set_result(held.result())


def _cancelled(future: cf.Future[Any]) -> None:
    future.cancel()
    future.set_running_or_notify_cancel()


def obey(runner: SyncRunnerClient, executor: CancellableExecutor) -> None:
    """Do what the service says, as long as the client is there."""
    for intent in runner.intents():
        match intent:
            case CancelFlow():
                intent.acknowledge(cannot_stop=executor.stop())
            case CancelTask():
                intent.acknowledge(cannot_stop=executor.stop(intent.task_run_id))
            case Lost():
                executor.stop()
            case _:
                pass


def square(number: int) -> int:
    """A slow one."""
    time.sleep(3)
    return number * number


def main(pool: str, flow_run_id: str, at_once: int = 2) -> None:
    """Eight squares, two at once."""
    can = RunnerCapabilities(
        executor=pool, can_stop_pending=True, survivors="what has begun runs to its end"
    )
    with SyncRunnerClient(can=can) as runner:
        run = runner.register_flow("squares", flow_run_id=flow_run_id)
        if run.not_started is not None:
            print(run.not_started.message)
            return
        with CancellableExecutor(POOLS[pool](at_once), run, at_once) as executor:
            threading.Thread(target=obey, args=(runner, executor), daemon=True).start()
            futures = [executor.submit(square, number) for number in range(8)]
            cf.wait(futures)
        ended = Ended.cancelled(How.GRACEFUL) if run.is_cancelling else Ended.success()
        run.end(ended)
    print(ended.end.value, *[future.result() for future in futures if not future.cancelled()])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
