"""Work for executors: each says that it has begun by touching a file, since it may be anywhere."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rescind.cancelled import Cancelled
from rescind.runners.executors.attempt import running_attempt

DONE = "done"

DAEMON = """
import os, sys, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
open(sys.argv[1], "w").close()
time.sleep(60)
"""

DEAF = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1], "w").close()
time.sleep(60)
"""


def add(left: int, right: int = 1) -> int:
    return left + right


def fail(message: str) -> None:
    raise ValueError(message)


def leave(code: int) -> None:
    sys.exit(code)


@contextmanager
def _touched_inside(marker: Path) -> Iterator[None]:
    """Touch it a moment later, when the call that follows has been entered."""
    timer = threading.Timer(0.1, marker.touch)
    timer.start()
    try:
        yield
    finally:
        timer.join()


def nap(marker: Path, seconds: float) -> str:
    """Sleep in one call that the interpreter can leave."""
    with _touched_inside(marker):
        time.sleep(seconds)
    return DONE


def spin(marker: Path, seconds: float) -> str:
    marker.touch()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass
    return DONE


def wait_for_lock(marker: Path, seconds: float) -> str:
    lock = threading.Lock()
    lock.acquire()
    with _touched_inside(marker):
        lock.acquire(timeout=seconds)
    return DONE


def receive(marker: Path, seconds: float) -> str:
    mine, theirs = socket.socketpair()
    with mine, theirs, _touched_inside(marker):
        mine.settimeout(seconds)
        try:
            mine.recv(1)
        except TimeoutError:
            return DONE
    return "something came"


def run_a_subprocess(marker: Path, seconds: float) -> str:
    with _touched_inside(marker):
        subprocess.run(["sleep", str(seconds)], check=True)
    return DONE


def hash_in_c(marker: Path, seconds: float) -> str:
    """One call into C, without the interpreter's lock, that nothing can interrupt."""
    rounds = 200_000
    began = time.perf_counter()
    hashlib.pbkdf2_hmac("sha256", b"x", b"y", rounds)
    rounds_a_second = rounds / (time.perf_counter() - began)
    with _touched_inside(marker):
        hashlib.pbkdf2_hmac("sha256", b"x", b"y", min(2**31 - 1, int(seconds * rounds_a_second)))
    return DONE


def swallow(marker: Path, times: int) -> str:
    """Take no notice of so many interrupts; the next one gets through."""
    swallowed = 0
    while True:
        try:
            marker.with_suffix(f".{swallowed}").touch()
            _sleep_long()
        except Cancelled:
            if swallowed == times:
                raise
            swallowed += 1


def swallow_all(marker: Path) -> str:
    while True:
        try:
            marker.touch()
            _sleep_long()
        except BaseException:  # noqa: BLE001, S112 - that is what it is for.
            continue


def _sleep_long() -> None:
    # In small pieces: an exception set from another thread comes between two of them.
    for _ in range(6000):
        time.sleep(0.01)


def watch_the_flag(marker: Path) -> str:
    """Work that cooperates: it looks at its flag, tidies up and returns."""
    attempt = running_attempt()
    assert attempt is not None
    marker.touch()
    while not attempt.is_flagged():
        time.sleep(0.002)
    return f"tidied up after {attempt.key.task_run_id}"


def give_way_to_the_flag(marker: Path) -> None:
    attempt = running_attempt()
    assert attempt is not None
    marker.touch()
    while not attempt.is_flagged():
        time.sleep(0.002)
    raise Cancelled


def raise_cancelled() -> None:
    raise Cancelled


def fail_in_cleanup(marker: Path) -> None:
    try:
        marker.touch()
        _sleep_long()
    finally:
        raise OSError("the disk is full")


def crash(how: str) -> None:
    if how == "exit":
        os._exit(3)
    os.kill(os.getpid(), signal.SIGSEGV)


def start_a_family(folder: Path) -> None:
    """A child, one in a session of its own, one that ignores SIGTERM, and an orphaned daemon."""
    subprocess.Popen(["sleep", "60"])
    subprocess.Popen(["setsid", "sleep", "60"])
    subprocess.Popen([sys.executable, "-c", DEAF, str(folder / "deaf")])
    subprocess.run([sys.executable, "-c", DAEMON, str(folder / "daemon")], check=True)


def found_a_family(folder: Path) -> None:
    start_a_family(folder)
    time.sleep(60)


def leave_a_family(folder: Path) -> str:
    """Return while children still run: they are left behind."""
    start_a_family(folder)
    for name in ("deaf", "daemon"):
        until = time.monotonic() + 30
        while not (folder / name).exists() and time.monotonic() < until:
            time.sleep(0.005)
    return DONE


def ignore_sigterm(marker: Path) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    swallow_all(marker)


def return_a_lock() -> threading.Lock:
    return threading.Lock()


def who_runs() -> tuple[str, int, str]:
    attempt = running_attempt()
    assert attempt is not None
    return attempt.key.task_run_id, attempt.key.attempt, attempt.name


def wait_to_be_let_on(marker: Path, go: Path) -> str:
    """Work of somebody who knows nothing of Rescind."""
    marker.touch()
    until = time.monotonic() + 60
    while not go.exists() and time.monotonic() < until:
        time.sleep(0.005)
    return DONE


def note_that_it_began(marker: Path) -> None:
    with marker.open("a") as file:
        file.write("began\n")


def begin_and_wait(marker: Path) -> None:
    note_that_it_began(marker)
    time.sleep(60)


def watch_and_say(marker: Path, said: Path) -> None:
    said.write_text(watch_the_flag(marker))


def take_all_memory(group: Path) -> None:
    """Move into that group of the kernel's, and take memory until there is none."""
    (group / "cgroup.procs").write_text("0")
    taken: list[bytes] = []
    while True:
        # Written to, or it would be promised and never given.
        taken.append(os.urandom(1 << 20))
