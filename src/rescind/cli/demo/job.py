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

CHECKSUMS = 6
FILES_MAX = 200


@task
def checksum(file: str) -> str:
    """Quick, and done long before the cancel."""
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


@task
def sleep(seconds: float) -> None:
    """Waits, and is interrupted at once."""
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
def compress(file: str, target: str) -> str:
    """What never starts: every worker is busy with the long ones."""
    with Path(file).open("rb") as source, gzip.open(target, "wb") as packed:
        packed.write(source.read())
    return target


# A child, a grandchild in a session of its own, and a daemon that nobody waits for.
SLEEPER = "sleep"
SLEEPERS = 3
watch = CommandTask(
    ["/bin/sh", "-c", "sleep 600 & setsid sh -c 'sleep 600' & (setsid sleep 600 &) ; wait"],
    name="watch",
)


@flow(name="archive")
def archive(folder: str, target: str, seconds: float = 300, rounds: int = 2_000_000_000) -> int:
    """Checksums first, then the long ones, then more than will ever start."""
    files = [str(path) for path in sorted(Path(folder).rglob("*")) if path.is_file()][:FILES_MAX]
    sums = [checksum.submit(file) for file in files[:CHECKSUMS]]
    known = {future.result() for future in sums}
    long: list[TaskFuture[Any]] = [
        sleep.submit(seconds),
        spin.submit(seconds),
        watch.submit(),
        upload.submit(target, seconds),
        derive.submit(rounds),
    ]
    packed = [
        compress.submit(file, str(Path(target) / f"{number:04d}.gz"))
        for number, file in enumerate(files)
    ]
    return len(known) + len([future.result() for future in [*long, *packed]])
