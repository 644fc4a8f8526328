"""The works of `works` as coroutines: what waits there waits for the event loop here."""

import asyncio
import socket
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from rescind.cancelled import Cancelled
from rescind.runners.executors.attempt import running_attempt
from tests.contract.executors import works

__all__ = ["as_coroutine", "block_the_loop", "leave_a_task", "leave_a_thread"]


def as_coroutine(function: Callable[..., object]) -> Callable[..., object]:
    """Its twin here if it has one; else a coroutine that calls it."""
    twin = _TWINS.get(function)
    if twin is not None:
        return twin

    @wraps(function)
    async def call(*args: object) -> object:
        return function(*args)

    return call


async def nap(marker: Path, seconds: float) -> str:
    marker.touch()
    await asyncio.sleep(seconds)
    return works.DONE


async def spin(marker: Path, seconds: float) -> str:
    marker.touch()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        await asyncio.sleep(0)
    return works.DONE


async def wait_for_lock(marker: Path, seconds: float) -> str:
    lock = asyncio.Lock()
    await lock.acquire()
    marker.touch()
    try:
        async with asyncio.timeout(seconds):
            await lock.acquire()
    except TimeoutError:
        return works.DONE
    return "somebody let go"


async def receive(marker: Path, seconds: float) -> str:
    mine, theirs = socket.socketpair()
    with mine, theirs:
        mine.setblocking(False)
        marker.touch()
        try:
            async with asyncio.timeout(seconds):
                await asyncio.get_running_loop().sock_recv(mine, 1)
        except TimeoutError:
            return works.DONE
    return "something came"


async def run_a_subprocess(marker: Path, seconds: float) -> str:
    process = await asyncio.create_subprocess_exec("sleep", str(seconds))
    marker.touch()
    try:
        await process.wait()
    finally:
        # asyncio leaves it running: whoever starts one ends it.
        if process.returncode is None:
            process.kill()
            await process.wait()
    return works.DONE


async def hash_in_c(marker: Path, seconds: float) -> str:
    return await asyncio.to_thread(works.hash_in_c, marker, seconds)


async def swallow(marker: Path, times: int) -> str:
    swallowed = 0
    while True:
        try:
            marker.with_suffix(f".{swallowed}").touch()
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            if swallowed == times:
                raise
            swallowed += 1


async def watch_the_flag(marker: Path) -> str:
    attempt = running_attempt()
    assert attempt is not None
    marker.touch()
    while not attempt.is_flagged():
        await asyncio.sleep(0.002)
    return f"tidied up after {attempt.key.task_run_id}"


async def give_way_to_the_flag(marker: Path) -> None:
    await watch_the_flag(marker)
    raise Cancelled


async def fail_in_cleanup(marker: Path) -> None:
    try:
        marker.touch()
        await asyncio.sleep(60)
    finally:
        raise OSError("the disk is full")


async def block_the_loop(marker: Path, seconds: float) -> str:
    """Nothing else on the loop has its turn meanwhile."""
    return works.spin(marker, seconds)


async def leave_a_thread(marker: Path, seconds: float) -> str:
    """Return, and leave a thread behind that takes its time."""
    asyncio.get_running_loop().run_in_executor(None, works.spin, marker, seconds)
    return works.DONE


async def leave_a_task(marker: Path, swallowed: Path) -> str:
    """Return, and leave a task behind that goes on when it is cancelled for the first time."""

    async def go_on() -> None:
        try:
            marker.touch()
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            swallowed.touch()
            await asyncio.sleep(60)

    _tasks.append(asyncio.create_task(go_on()))
    await asyncio.sleep(0)
    return works.DONE


# Else the loop has the only reference, and a weak one.
_tasks: list[asyncio.Task[None]] = []

_TWINS: dict[Callable[..., object], Callable[..., Any]] = {
    works.nap: nap,
    works.spin: spin,
    works.wait_for_lock: wait_for_lock,
    works.receive: receive,
    works.run_a_subprocess: run_a_subprocess,
    works.hash_in_c: hash_in_c,
    works.swallow: swallow,
    works.watch_the_flag: watch_the_flag,
    works.give_way_to_the_flag: give_way_to_the_flag,
    works.fail_in_cleanup: fail_in_cleanup,
}
