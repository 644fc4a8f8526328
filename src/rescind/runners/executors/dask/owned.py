"""A cluster of our own: scheduler and workers, each a process in the hands of a supervisor.

A worker has one thread for tasks. It is an attempt of `supervision`, in a session and, where that
is allowed, a cgroup of its own: it is killed with all that it has started, that nothing is left is
seen, and nothing of the cluster outlives this process. A worker that is gone is followed by a new
one in its slot.

Not `distributed.LocalCluster`: its nannies take 4 s to end a worker that does not answer, as
measured, and look for nothing that it has started; and it has its scheduler, with its threads and
log lines, in the runner's process.
"""

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Final

from rescind.errors import ClusterError
from rescind.runners.executors.base import AttemptKey, Call, Rung, Work, WorkEnd
from rescind.runners.executors.dask.members import (
    ADDRESS,
    GO,
    be_scheduler,
    be_worker,
    write_whole,
)
from rescind.runners.executors.held import HeldAttempt
from rescind.runners.executors.supervision.attempts import SupervisedAttempts, pack

__all__ = ["Life", "OwnedCluster"]

_BARREN_MAX: Final = 3
_LOOK_SECONDS: Final = 0.01
_START_SECONDS_MAX: Final = 60.0


class Life:
    """One process of the cluster, from its start to its end."""

    def __init__(self, name: str, call: Call) -> None:
        work = Work(AttemptKey("dask", name), name, call)
        self.name = name
        self.process = HeldAttempt(work, on_end=lambda _end: None, gate=None)
        self.address = ""  #: a worker's, once it is ready
        self.holder = ""  #: the task that it has been given
        self.is_doomed = False
        self.ended: Future[WorkEnd] = Future()


class OwnedCluster:
    """A scheduler and `workers` workers of one thread each, for the runner of that name.

    `open`, `free`, `give_back` and `ready` belong to the loop; the rest to any thread.
    """

    def __init__(self, workers: int, runner: str) -> None:
        self._runner = runner
        self._workers = workers
        self._trees = SupervisedAttempts(preload=("rescind.runners.executors.dask.members",))
        self._folder = Path(tempfile.mkdtemp(prefix="rescind-dask-"))
        self._free: asyncio.Queue[Life | ClusterError] = asyncio.Queue()
        self._lives: dict[str, Life] = {}
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._is_closing = False
        self._broken = ""
        self._loop: asyncio.AbstractEventLoop | None = None

    async def open(self) -> str:
        """Start all of it; returns the scheduler's address as soon as that is there.

        Raises:
            ClusterError: the scheduler does not come up.

        """
        self._loop = asyncio.get_running_loop()
        self._begin_thread("scheduler", self._keep_scheduler)
        for number in range(self._workers):
            self._begin_thread(f"worker-{number}", self._keep_worker, number)
        path = self._folder / ADDRESS
        try:
            async with asyncio.timeout(_START_SECONDS_MAX):
                # Another process writes it: looking is all there is.
                while not path.exists():
                    if self._broken:
                        raise ClusterError("of our own", self._broken)
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            why = f"its scheduler was not there within {_START_SECONDS_MAX:.0f} s"
            raise ClusterError("of our own", why) from None
        return path.read_text()

    def let_go(self, address: str) -> None:
        """Somebody listens: workers may come."""
        write_whole(self._folder / GO, address)

    def ready(self, name: str, address: str) -> None:
        """A worker has said that it is there."""
        life = self._lives.get(name)
        if life is not None:
            life.address = address
            self._free.put_nowait(life)

    async def free(self, holder: str) -> Life:
        """Wait for a worker that has nothing to do: it is the holder's until it is given back.

        Raises:
            ClusterError: there are none, and none can be started.

        """
        while True:
            found = await self._free.get()
            if isinstance(found, ClusterError):
                self._free.put_nowait(found)  # For whoever waits next.
                raise found
            with self._lock:
                if not found.is_doomed:
                    found.holder = holder
                    return found

    def give_back(self, life: Life) -> None:
        """It has nothing to do any more."""
        with self._lock:
            life.holder = ""
            is_alive = not life.is_doomed
        if is_alive:
            self._free.put_nowait(life)

    def kill(self, life: Life, holder: str) -> str:
        """SIGKILL to the worker and to all that it has started, unless somebody else has it by now.

        What is wrong, or empty; how its end was is in `Life.ended`.
        """
        with self._lock:
            if life.holder != holder:
                return ""
            life.is_doomed = True
        return self._end(life)

    def close(self) -> list[WorkEnd]:
        """Kill all of it, and return the ends of its processes when all are gone."""
        with self._lock:
            self._is_closing = True
            lives = list(self._lives.values())
        for life in lives:
            self._end(life)
        for thread in self._threads:
            thread.join()
        self._trees.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        return [life.ended.result() for life in lives]

    def _end(self, life: Life) -> str:
        life.process.note(Rung.KILL)
        result = self._trees.take(life.process, Rung.KILL)
        return "" if result.outcome == "done" else result.message

    def _begin_thread(self, name: str, run: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=run, args=args, name=f"rescind-dask-{name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _keep_scheduler(self) -> None:
        life = self._live("scheduler", Call(be_scheduler, (str(self._folder),)))
        if life is not None:
            self._give_up(f"its scheduler has ended: {_why(life)}")

    def _keep_worker(self, number: int) -> None:
        """One worker after the other."""
        barren = count = 0
        while True:
            count += 1
            name = f"{number}-{count}"
            life = self._live(name, Call(be_worker, (str(self._folder), self._runner, name)))
            if life is None:
                return
            barren = 0 if life.address else barren + 1
            if barren == _BARREN_MAX:
                self._give_up(f"no worker could be started: {_why(life)}")
                return

    def _live(self, name: str, call: Call) -> Life | None:
        """A process from its start to its end; ``None`` when the cluster is being closed."""
        life = Life(name, call)
        with self._lock:
            if self._is_closing:
                return None
            self._lives[name] = life
        life.ended.set_result(self._trees.run(life.process, pack(life.process.work)))
        with self._lock:
            life.is_doomed = True
            self._lives.pop(name)
        return life

    def _give_up(self, why: str) -> None:
        assert self._loop is not None
        self._broken = why
        error = ClusterError("of our own", why)
        self._loop.call_soon_threadsafe(self._free.put_nowait, error)


def _why(life: Life) -> str:
    error = life.ended.result().error
    return "it left by itself" if error is None else error.message
