"""The demo's flow, as a user would write it: an archive of a tree of files, by every kind of task.

It runs in a flow runner of its own (``rescind run``), and would take several minutes.
"""

import gzip
import hashlib
import time
from pathlib import Path
from typing import Any

from rescind import CommandTask, current_run, flow, task
from rescind.runners.sdk import TaskFuture

READY = ("sleep", "spin", "derive", "upload", "watch")
"""The long ones: the cancel is asked for when all of them are at it."""


@task
def checksum(file: str) -> str:
    """Quick, and done long before the cancel."""
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


@task
def sleep(seconds: float) -> None:
    """Interrupted at once."""
    time.sleep(seconds)


@task
def spin(seconds: float) -> int:
    """A loop in pure Python: interrupted at once, in a process or in the main thread."""
    turns, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        turns += 1
    return turns


@task
def derive(rounds: int) -> str:
    """One long call into C, which cannot be interrupted: only its process can be ended."""
    return hashlib.pbkdf2_hmac("sha256", b"demo", b"salt", rounds).hex()


@task(cooperative_seconds=60)
def upload(folder: str, seconds: float) -> str:
    """Asks to be left alone with the flag, finishes what it has begun, and returns."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not current_run().is_cancelling():
        time.sleep(0.02)
    time.sleep(0.5)  # What cannot be left half done.
    return folder


@task
def compress(file: str) -> str:
    """What never starts: every worker is busy with the long ones."""
    target = f"{file}.gz"
    with Path(file).open("rb") as source, gzip.open(target, "wb") as packed:
        packed.write(source.read())
    return target


SLEEPER = "sleep 600"
SLEEPERS = 3

# A child, a grandchild in a session of its own, and a daemon that nobody waits for.
watch = CommandTask(
    ["/bin/sh", "-c", "sleep 600 & setsid sh -c 'sleep 600' & (setsid sleep 600 &) ; wait"],
    name="watch",
)


@flow(name="archive")
def archive(folder: str, seconds: float = 300) -> int:
    """Checksums first, then the long ones, then more than will ever start."""
    files = sorted(str(path) for path in Path(folder).iterdir() if path.suffix != ".gz")
    sums = [checksum.submit(file) for file in files[:6]]
    known = {future.result() for future in sums}
    long: list[TaskFuture[Any]] = [
        sleep.submit(seconds),
        spin.submit(seconds),
        watch.submit(),
        upload.submit(folder, seconds),
        derive.submit(2_000_000_000),
    ]
    packed = [compress.submit(file) for file in files]
    return len(known) + len([future.result() for future in [*long, *packed]])
