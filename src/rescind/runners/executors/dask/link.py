"""The client of a Dask cluster, and what is said to its workers in the runner's name.

Everything here belongs to the loop of the executor. Dask's own `Client` is made for it: not the
default client of this process, so user code that has one keeps it, and without threads.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final

from distributed import Client, Future

from rescind.errors import ClusterError
from rescind.runners.executors.base import AttemptKey, Json
from rescind.runners.executors.dask.calling import (
    PLUGIN,
    TOPIC,
    FlagPlugin,
    answer,
    carry_out,
    flag,
    others_on,
)
from rescind.runners.executors.dask.owned import OwnedCluster

__all__ = ["Link", "Place"]

_CONNECT_SECONDS_MAX: Final = 10.0
_RESTART_SECONDS_MAX: Final = 30.0
_AGAIN_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an attempt is: the worker's address, its process, its host."""

    worker: str
    pid: int
    host: str

    def evidence(self) -> dict[str, Json]:
        return {"worker": self.worker, "pid": self.pid, "host": self.host}


class Link:
    """What one executor has to do with a cluster.

    Args:
        runner: a name that no other executor has: what its attempts say carries it.
        cluster: the cluster, if it is of our own.

    """

    def __init__(self, runner: str, cluster: OwnedCluster | None) -> None:
        self._runner = runner
        self._cluster = cluster
        self._asked: Callable[[str, Place], object] = lambda _key, _place: None
        self._stack = AsyncExitStack()
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        assert self._client is not None, "not connected"
        return self._client

    async def open(self, address: str, security: object) -> None:
        """Connect, and have the plugin on every worker.

        Raises:
            ClusterError: nothing answers there, or it cannot do our part.

        """
        client = Client(
            address,
            asynchronous=True,
            set_as_default=False,
            timeout=_CONNECT_SECONDS_MAX,
            security=security,
        )
        try:
            self._client = await self._stack.enter_async_context(client)
            await client.register_plugin(FlagPlugin(), name=PLUGIN)
        except Exception as error:
            # Of the network, or whatever its workers raise when they read the plugin.
            await self._stack.aclose()
            raise ClusterError(f"at {address}", f"{type(error).__name__}: {error}") from error

    def listen(self, asked: Callable[[str, Place], object]) -> None:
        """Have this called with a task's key and place when it wants to begin."""
        self._asked = asked
        self.client.subscribe_topic(TOPIC, self._hear)

    async def close(self) -> None:
        """Leave: what is still there of ours is dropped, and what runs sees its flag."""
        await self._stack.aclose()

    async def threads(self) -> int:
        """How many tasks it runs at once, as of now."""
        return sum((await self.client.nthreads()).values())

    def submit(self, key: str, attempt: AttemptKey, name: str, call: bytes, on: str) -> Future:
        """Hand an attempt over; `on`: the worker that it is for, or empty for any."""
        return self.client.submit(
            carry_out,
            key,
            self._runner,
            (attempt.flow_run_id, attempt.task_run_id, attempt.attempt),
            name,
            call,
            key=key,
            workers=[on] if on else None,
            retries=0,
            pure=False,
        )

    async def drop(self, future: Future) -> None:
        """The scheduler forgets the task; one that runs sees its flag."""
        await self.client.cancel([future], reason="rescind")

    async def answer(self, key: str, place: Place, *, may_begin: bool) -> bool:
        """Let it begin, or not; ``False``: it does not begin, whatever was said."""
        said = await self.client.run(answer, key, may_begin, workers=[place.worker])
        return bool(said.get(place.worker))

    async def flag(self, key: str, place: Place, is_wanted: Callable[[], bool]) -> None:
        """Have it see its flag: again each second as long as that fails and is wanted."""
        while is_wanted():
            try:
                await self.client.run(flag, [key], workers=[place.worker])
            except Exception:  # noqa: BLE001 - of the network, or the worker is gone.
                _log.warning("worker %s could not be told to stop %s", place.worker, key)
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                return

    async def restart(self, key: str, place: Place) -> str:
        """Have the nanny of its worker end the process and begin another; else why not.

        Nothing else may run on that worker. What begins on it in the very moment between the look
        and the restart is begun again by Dask, on another worker.
        """
        client, workers = self.client, [place.worker]
        seen = (await client.run(others_on, [key], workers=workers))[place.worker]
        if seen["others"]:
            return f"other work runs on the same worker: {', '.join(seen['others'])[:200]}"
        if not seen["has_nanny"]:
            return "no nanny looks after it, so nobody would see its end"
        said = await client.restart_workers(
            workers, timeout=_RESTART_SECONDS_MAX, raise_for_error=False
        )
        outcome = said.get(place.worker)
        return "" if outcome == "OK" else f"its nanny says: {outcome}"

    def _hear(self, event: tuple[float, Any]) -> None:
        _at, said = event
        if said.get("runner") != self._runner:
            return
        if "key" in said:
            self._asked(said["key"], Place(said["worker"], said["pid"], said["host"]))
        elif self._cluster is not None:
            self._cluster.ready(said["ready"], said["worker"])
