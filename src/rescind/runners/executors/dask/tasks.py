"""Attempts as tasks of Dask: from the hand-over to the end, and what a rung is there.

::

    run ──► submitted ──asked──► begins ──► its answer, or its worker's death
                         └─► may not: its runner knows how it ended

Everything but `Task` itself belongs to the loop of the executor; rungs come from other threads, by
`flag`, `kill` and `drop`, which hand on what they want done there.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from typing import Final

from distributed import Future, KilledWorker

from rescind.runners.executors.answers import end_of_answer
from rescind.runners.executors.base import Json, WorkEnd, WorkError
from rescind.runners.executors.dask.link import Link, Place
from rescind.runners.executors.dask.owned import Life, OwnedCluster
from rescind.runners.executors.ends import describe, end_of_death, never_started
from rescind.runners.executors.held import HeldAttempt
from rescind.runners.executors.supervision.frames import decode_frame

__all__ = ["Task", "Tasks"]

# What Dask has lost of ours may be at its own end, whose story is better than that of a kill.
_OWN_END_SECONDS: Final = 2.0

# Of a worker's own rungs nothing belongs into the evidence of an attempt.
_OF_THE_PROCESS: Final = frozenset({"rungs", "stop_ms"})

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Task:
    """One attempt, under the key that Dask has for it; `call` is the call, pickled."""

    attempt: HeldAttempt
    key: str
    call: bytes
    life: Life | None = None  #: the worker of our own that it has to itself
    future: Future | None = None
    place: Place | None = None  #: where it has asked whether it may begin
    has_begun: bool = False
    is_being_flagged: bool = False
    is_restarting: bool = False
    was_restarted: bool = False  #: its worker's nanny has ended the process that it was in
    problem: str = ""  #: why that could not be done

    def evidence(self) -> dict[str, Json]:
        place = {} if self.place is None else self.place.evidence()
        restart: dict[str, Json] = {"restart": self.problem} if self.problem else {}
        return self.attempt.evidence() | place | restart


class Tasks:
    """What one executor has on a cluster.

    Args:
        link: the client of the cluster.
        cluster: the cluster, if it is of our own.
        begin: asks the gate, and takes the attempt; it may wait.

    """

    def __init__(
        self,
        link: Link,
        cluster: OwnedCluster | None,
        begin: Callable[[HeldAttempt], Awaitable[bool]],
    ) -> None:
        self._link = link
        self._cluster = cluster
        self._begin = begin
        self._loop = asyncio.get_running_loop()
        self._tasks: dict[str, Task] = {}
        self._jobs: set[asyncio.Task[None]] = set()

    async def run(self, task: Task) -> WorkEnd:
        """Hand it over, and wait for its end, or for that of its worker.

        Raises:
            ClusterError: there is no worker, and none can be started.

        """
        self._tasks[task.key] = task
        try:
            if self._cluster is None:
                return await self._run(task)
            task.life = await self._cluster.free(task.key)
            try:
                return await self._run(task)
            finally:
                self._cluster.give_back(task.life)
        finally:
            del self._tasks[task.key]

    def asked(self, key: str, place: Place) -> None:
        """A worker asks whether this task may begin."""
        task = self._tasks.get(key)
        if task is None:
            self._spawn(self._refuse(key, place))
        else:
            self._spawn(self._let_begin(task, place))

    def flag(self, task: Task) -> None:
        """Have it see its flag. From any thread."""
        self._loop.call_soon_threadsafe(self._flag, task)

    def kill(self, task: Task) -> str:
        """End it with its worker, as far as that is allowed. From any thread.

        What is wrong with that, as far as it is known by now; empty if nothing.
        """
        if self._cluster is not None:
            return "" if task.life is None else self._cluster.kill(task.life, task.key)
        self._loop.call_soon_threadsafe(self._begin_restart, task)
        return task.problem

    def drop(self, task: Task) -> None:
        """It has ended otherwise: Dask has nothing more to do with it. From any thread."""
        self._loop.call_soon_threadsafe(self._drop, task)

    async def _run(self, task: Task) -> WorkEnd:
        attempt = task.attempt
        if not attempt.is_pending:
            return never_started(attempt.key)
        on = "" if task.life is None else task.life.address
        task.future = self._link.submit(task.key, attempt.key, attempt.work.name, task.call, on)
        try:
            answer = decode_frame(await task.future)
        except (KilledWorker, CancelledError) as error:
            if attempt.has_ended:  # So it was dropped, by us.
                return never_started(attempt.key)
            return await self._end_of_loss(task, f"Dask has lost it: {error}")
        except Exception as error:  # noqa: BLE001 - it could not be read there, or its answer not here.
            return WorkEnd(attempt.key, "failed", error=describe(error), evidence=task.evidence())
        finally:
            task.future.release()
        assert answer is not None
        if answer.head["outcome"] != "not_begun":
            taken = frozenset(attempt.taken)
            return end_of_answer(attempt.key, answer, taken=taken, evidence=task.evidence())
        if task.has_begun:
            return await self._end_of_loss(task, "its worker was lost, and it may not begin again")
        return never_started(attempt.key)

    async def _end_of_loss(self, task: Task, why: str) -> WorkEnd:
        """How it ended, if its worker did not say so: that of our own did, to its supervisor."""
        error = WorkError("WorkerDied", why)
        confirmed = task.was_restarted or not task.has_begun
        seen: Mapping[str, Json] = {}
        if task.life is not None:
            over = await self._end_of_life(task.life, task.key)
            error = over.error or error
            confirmed = over.stopped_confirmed
            seen = {
                name: found for name, found in over.evidence.items() if name not in _OF_THE_PROCESS
            }
        evidence = {**task.evidence(), **seen}
        taken = frozenset(task.attempt.taken)
        end = end_of_death(task.attempt.key, error, taken=taken, evidence=evidence)
        return replace(end, stopped_confirmed=confirmed)

    async def _end_of_life(self, life: Life, key: str) -> WorkEnd:
        assert self._cluster is not None
        ended = asyncio.wrap_future(life.ended)
        await asyncio.wait({ended}, timeout=_OWN_END_SECONDS)
        if not ended.done():
            self._cluster.kill(life, key)
        return await ended

    async def _let_begin(self, task: Task, place: Place) -> None:
        # Asked again: its first worker was lost, and Dask has begun it on another one.
        is_first = task.place is None
        if is_first:
            # Before it begins: whoever finds it running finds where to tell it of a rung.
            task.place = place
        may_begin = is_first and await self._begin(task.attempt)
        try:
            does = await self._link.answer(task.key, place, may_begin=may_begin)
        except Exception as error:  # noqa: BLE001 - of the network, or the worker is gone.
            _log.warning("worker %s could not be told of %s: %s", place.worker, task.key, error)
            does = True  # For all that is known.
        task.has_begun = task.has_begun or (may_begin and does)

    async def _refuse(self, key: str, place: Place) -> None:
        try:
            await self._link.answer(key, place, may_begin=False)
        except Exception as error:  # noqa: BLE001 - it will not begin without an answer either.
            _log.warning("worker %s could not be told of %s: %s", place.worker, key, error)

    def _flag(self, task: Task) -> None:
        # One call at a time: one to a worker that has just been killed is not answered for long,
        # and hundreds of them (a rung each 20 ms, 512 connections) kept its end from being heard.
        if task.place is not None and not task.is_being_flagged:
            task.is_being_flagged = True
            self._spawn(self._flag_at(task, task.place))

    async def _flag_at(self, task: Task, place: Place) -> None:
        try:
            await self._link.flag(task.key, place, lambda: task.key in self._tasks)
        finally:
            task.is_being_flagged = False

    def _drop(self, task: Task) -> None:
        if task.future is not None and task.future.status == "pending":
            self._spawn(self._link.drop(task.future))

    def _begin_restart(self, task: Task) -> None:
        if task.place is not None and not task.is_restarting:
            task.is_restarting = True
            self._spawn(self._restart(task, task.place))

    async def _restart(self, task: Task, place: Place) -> None:
        try:
            task.problem = await self._link.restart(task.key, place)
        except Exception as error:  # noqa: BLE001 - of the network, or of the nanny.
            task.problem = f"{type(error).__name__}: {error}"
        task.is_restarting = False
        if task.problem:
            _log.warning("worker %s was not restarted: %s", place.worker, task.problem)
            return
        task.was_restarted = True
        # It would be begun elsewhere only to be refused.
        self._drop(task)

    def _spawn(self, job: Coroutine[object, object, None]) -> None:
        running = self._loop.create_task(job)
        self._jobs.add(running)
        running.add_done_callback(self._jobs.discard)
