"""Worker processes of a test: started, killed, stopped and let go on, and none left behind."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.kafka.processors.service import KEY, Service

__all__ = ["Child", "Children", "children_of"]

_ROOT = Path(__file__).parents[3]


class Child:
    """One worker process."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self._process = process
        self.log = log

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """SIGSTOP: it does nothing more, and does not know it."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: it goes on as if nothing had been."""
        self._process.send_signal(signal.SIGCONT)

    async def exit_code(self, *, within_seconds: float = 60) -> int:
        """Wait for the end."""
        async with asyncio.timeout(within_seconds):
            return await asyncio.to_thread(self._process.wait)


class Children:
    """Starts worker processes of one service."""

    def __init__(self, service: Service, folder: Path) -> None:
        self._service = service
        self._folder = folder
        self._all: list[Child] = []

    def start(self, *partitions: int, options: tuple[str, ...] = (), **settings: object) -> Child:
        """A worker of these partitions (none named: of all)."""
        service = self._service
        named = partitions or tuple(range(service.partitions))
        given = {
            "bootstrap": service.connection.bootstrap,
            "topic_prefix": service.names.prefix,
            "signing_keys": KEY,
            "partitions": service.partitions,
            **settings,
        }
        log = self._folder / f"worker-{len(self._all)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.kafka.processors.worker_process",
                    *options,
                    *map(str, named),
                ],
                cwd=_ROOT,
                env={**os.environ, **{f"RESCIND_{k.upper()}": str(v) for k, v in given.items()}},
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        child = Child(process, log)
        self._all.append(child)
        return child

    def end(self) -> None:
        """Kill what is left."""
        for child in self._all:
            if not child.has_ended:
                child.thaw()
                child.kill()

    def said(self) -> str:
        """The ends of their logs, for when a test fails."""
        return "\n".join(f"{c.log.name}: {c.log.read_text()[-1500:]}" for c in self._all)


@asynccontextmanager
async def children_of(service: Service, folder: Path) -> AsyncIterator[Children]:
    """Worker processes; when the test fails, it says what they said."""
    children = Children(service, folder)
    try:
        yield children
    except BaseException:
        sys.stdout.write(children.said())
        raise
    finally:
        children.end()
