"""Work on a Dask cluster: one of our own, whose workers can be killed, or somebody else's.

Of our own (no `address`): each attempt has a worker to itself, which is killed with all that it has
started, and all of it ends with the runner. Of somebody else: Dask cannot stop a running task (its
`cancel` forgets it, and the function runs on), so there it is a flag and nothing else: a task that
does not look at it is in `cannot_stop`, and its real end is waited for. ``restart_workers=True``
lets a kill have the worker of an attempt restarted by its nanny, if nothing else runs there.

What waits in Dask asks here before it begins (see `calling`), so a cancel keeps it from beginning
whenever Dask gets to it, and what Dask begins again because a worker was lost does not run twice.

Commands run on this machine, in the hands of a supervisor, as in every executor.
"""

import asyncio
import logging
import os
import secrets
from collections.abc import Callable, Sequence
from typing import ClassVar, Final, Literal, ParamSpec, TypeVar

from rescind.errors import ArgumentsNotSentError, ClusterError
from rescind.runners.executors.answers import pack_call
from rescind.runners.executors.base import (
    AttemptKey,
    Capabilities,
    Command,
    Rung,
    RungResult,
    WorkEnd,
)
from rescind.runners.executors.dask.link import Link
from rescind.runners.executors.dask.owned import OwnedCluster
from rescind.runners.executors.dask.tasks import Task, Tasks
from rescind.runners.executors.ends import describe
from rescind.runners.executors.held import HeldAttempt, HoldingExecutor
from rescind.runners.executors.poolthreads import PoolThreads
from rescind.runners.executors.supervision.attempts import SupervisedAttempts, pack
from rescind.runners.loopthread import LoopThread

__all__ = ["DaskExecutor"]

P = ParamSpec("P")
T = TypeVar("T")

_OF_OUR_OWN: Final = (
    "nothing on this machine that the task started; what it had others start (containers, "
    "services, jobs elsewhere) goes on"
)
_ELSEWHERE: Final = (
    "a task that does not look at its flag runs to its end on its worker, "
    "and so do threads and processes that it started"
)
_RESTARTED: Final = (
    "processes that a task started on its worker; and the task, where other work runs on the same "
    "worker or no nanny looks after that"
)

_THREADS_FOR_GATES: Final = 4

_log = logging.getLogger(__name__)


class DaskExecutor(HoldingExecutor):
    """Runs up to `max_workers` attempts at once on a Dask cluster.

    Args:
        max_workers: how many at once. Of our own: that many workers, by default one for each
            processor. Of somebody else: by default as many as the cluster has threads at `start`.
        address: the scheduler of a cluster that is there (``tcp://10.0.0.7:8786``); without it one
            of our own is started on this machine, and ended with the flow run.
        restart_workers: of somebody else's cluster, the kill may have a nanny restart the worker of
            an attempt, if nothing else runs there.
        security: a `distributed.Security`, for a cluster that wants TLS.

    """

    name: ClassVar[str] = "dask"

    def __init__(
        self,
        max_workers: int | None = None,
        *,
        address: str | None = None,
        restart_workers: bool = False,
        security: object = None,
    ) -> None:
        super().__init__(max_workers or os.cpu_count() or 1)
        self._max_workers = max_workers
        self._address = address
        self._may_restart = restart_workers
        self._security = security
        self._on_dask: dict[AttemptKey, Task] = {}
        self._carrying: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(self._capacity)
        self._commands = SupervisedAttempts()
        self._loop = LoopThread(f"rescind-{self.name}")
        self._is_started = False
        self._beside: PoolThreads | None = None
        self._cluster: OwnedCluster | None = None
        self._link: Link | None = None
        self._tasks: Tasks | None = None

    @property
    def capabilities(self) -> Capabilities:
        if self._address is None:
            survivors = _OF_OUR_OWN
        else:
            survivors = _RESTARTED if self._may_restart else _ELSEWHERE
        return Capabilities(
            can_stop_pending=True,
            can_interrupt=False,
            can_kill=Rung.KILL in self.rungs,
            survivors=survivors,
            is_elsewhere=self._address is not None,
        )

    @property
    def rungs(self) -> tuple[Rung, ...]:
        can_kill = self._address is None or self._may_restart
        return (Rung.FLAG, Rung.KILL) if can_kill else (Rung.FLAG,)

    def start(self) -> None:
        """Start the cluster, or connect to it.

        Raises:
            ClusterError: it does not come up, does not answer, or cannot do our part.

        """
        if self._is_started:
            return
        self._is_started = True
        self._loop.__enter__()
        try:
            self._loop.call(self._open()).result()
        except BaseException:
            self._close()
            raise

    def cannot_stop(self, keys: Sequence[AttemptKey]) -> list[AttemptKey]:
        return [key for key in keys if key in self._on_dask and self._cannot_stop(key)]

    def _cannot_stop(self, key: AttemptKey) -> bool:
        task = self._on_dask[key]
        if self._cluster is not None or task.place is None:
            return False
        return bool(task.problem) or not self._may_restart

    async def _open(self) -> None:
        runner = secrets.token_hex(16)
        address = self._address
        if address is None:
            self._cluster = OwnedCluster(self._capacity, runner)
            address = await self._cluster.open()
        self._link = Link(runner, self._cluster)
        await self._link.open(address, self._security)
        if self._max_workers is None and self._cluster is None:
            self._capacity = max(1, await self._link.threads())
        self._room = asyncio.Semaphore(self._capacity)
        self._beside = PoolThreads(f"{self.name}-beside", self._capacity + _THREADS_FOR_GATES)
        self._tasks = Tasks(self._link, self._cluster, self._begins)
        self._link.listen(self._tasks.asked)
        if self._cluster is not None:
            self._cluster.let_go(address)

    def _enqueue(self, attempt: HeldAttempt) -> None:
        call = self._packed(attempt)
        self._loop.post(self._take_on, attempt, call)

    def _packed(self, attempt: HeldAttempt) -> bytes | ArgumentsNotSentError:
        """The call as it is now, so that the work gets its arguments as they are now."""
        does = attempt.work.does
        if isinstance(does, Command):
            return b""
        try:
            return pack_call(attempt.work.name, does)
        except ArgumentsNotSentError as error:
            return error

    def _take_on(self, attempt: HeldAttempt, call: bytes | ArgumentsNotSentError) -> None:
        task = asyncio.get_running_loop().create_task(self._carry(attempt, call))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _carry(self, attempt: HeldAttempt, call: bytes | ArgumentsNotSentError) -> None:
        try:
            async with self._room:
                end = await self._end_of(attempt, call)
        except ClusterError as error:
            end = WorkEnd(attempt.key, "crashed", error=describe(error))
        except Exception as error:  # noqa: BLE001 - a bug, and whoever waits would do so for ever.
            _log.exception("%s was not carried out", attempt.key)
            end = WorkEnd(attempt.key, "crashed", error=describe(error), stopped_confirmed=False)
        if end is not None:
            # Whoever is told may take its time, and the loop has none.
            await self._in_thread(self._end, attempt, end)

    async def _end_of(
        self, attempt: HeldAttempt, call: bytes | ArgumentsNotSentError
    ) -> WorkEnd | None:
        """Carry it out; ``None``: it has ended otherwise."""
        if not attempt.is_pending:
            return None
        if isinstance(attempt.work.does, Command):
            return await self._in_thread(self._run_command, attempt)
        if isinstance(call, ArgumentsNotSentError):
            if not await self._begins(attempt):
                return None
            return WorkEnd(attempt.key, "failed", error=describe(call))
        assert self._tasks is not None
        # The name in front is what Dask's own pages show.
        task = Task(attempt, f"{attempt.work.name}-{secrets.token_hex(16)}", call)
        self._on_dask[attempt.key] = task
        try:
            return await self._tasks.run(task)
        finally:
            del self._on_dask[attempt.key]

    def _run_command(self, attempt: HeldAttempt) -> WorkEnd | None:
        return self._commands.run(attempt, pack(attempt.work)) if self._begin(attempt) else None

    async def _begins(self, attempt: HeldAttempt) -> bool:
        return await self._in_thread(self._begin, attempt)

    async def _in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        assert self._beside is not None
        return await asyncio.wrap_future(self._beside.submit(function, *args, **kwargs))

    def _end(
        self, attempt: HeldAttempt, end: WorkEnd, *, only_from: Literal["pending"] | None = None
    ) -> bool:
        task = self._on_dask.get(attempt.key)
        is_told = super()._end(attempt, end, only_from=only_from)
        if is_told and task is not None and self._tasks is not None:
            # It may still wait there for its turn.
            self._tasks.drop(task)
        return is_told

    def _take(self, attempt: HeldAttempt, rung: Rung) -> RungResult:
        key = attempt.key
        if isinstance(attempt.work.does, Command):
            return self._commands.take(attempt, rung)
        task = self._on_dask.get(key)
        if task is None or self._tasks is None:
            return RungResult(key, rung, "done", "it has ended this moment")
        if rung is Rung.FLAG:
            self._tasks.flag(task)
            return RungResult(key, rung, "done", "its worker is told to set the flag")
        problem = self._tasks.kill(task)
        if problem:
            return RungResult(key, rung, "failed", problem)
        return RungResult(key, rung, "done", "its worker is ended")

    def _close(self) -> None:
        if not self._is_started:
            return
        self._is_started = False
        self._loop.call(self._leave()).result()
        if self._cluster is not None:
            self._cluster.close()
        self._loop.__exit__(None, None, None)
        if self._beside is not None:
            self._beside.shutdown()
        self._commands.close()

    async def _leave(self) -> None:
        """What still runs is left to itself: it sees its flag, and nobody says how it ended."""
        for carrying in self._carrying:
            carrying.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)
        if self._link is not None:
            await self._link.close()
