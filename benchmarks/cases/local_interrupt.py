"""From an intent that arrives at the runner to `Cancelled` in user code in its main thread.

The intent is a line in a pipe, written by another process and read by a thread of the runner, so
the wait of that thread for the interpreter's lock counts as well: under a loop in pure Python it is
most of it.
"""

import queue
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

from benchmarks.rows import Row, latencies
from rescind.cancelled import Cancelled
from rescind.runners.executors import AttemptKey, Call, LocalExecutor, Rung, Work, WorkEnd

__all__ = ["run"]

TARGET_MS: Final = 5.0
TIMES: Final = 300

_SENDER: Final = """
import sys, time
for line in sys.stdin:
    time.sleep(float(line))
    print(time.monotonic_ns(), flush=True)
"""


def run(seed: int = 0) -> list[Row]:
    """One row for each situation that user code may be in."""
    chance = random.Random(seed)
    lock = threading.Lock()
    lock.acquire()
    situations: dict[str, Callable[[], object]] = {
        "sleep": lambda: time.sleep(60),
        "lock wait": lambda: lock.acquire(timeout=60),
        "queue wait": lambda: queue.SimpleQueue[None]().get(timeout=60),
        "loop in Python": _loop,
    }
    rows: list[Row] = []
    for name, work in situations.items():
        delays = [chance.uniform(0.001, 0.02) for _ in range(TIMES)]
        took_ms = _measure(work, delays)
        rows += latencies("local_interrupt", f"intent to interrupt, {name}", took_ms, TARGET_MS)
    return rows


def _loop() -> None:
    while True:
        pass


def _measure(work: Callable[[], object], delays: list[float]) -> list[float]:
    """Milliseconds from the intent's arrival until user code got the interrupt, for each."""
    executor = LocalExecutor(must_interrupt=True)
    executor.start()
    took_ms: list[float] = []
    command = [sys.executable, "-c", _SENDER]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as sender:
        assert sender.stdin is not None
        assert sender.stdout is not None
        lines, orders = sender.stdout, sender.stdin
        sent_ns = 0
        for number, delay in enumerate(delays):
            key = AttemptKey("benchmark", str(number))
            caught_ns: list[int] = []

            def interrupt(key: AttemptKey = key) -> None:
                nonlocal sent_ns
                sent_ns = int(lines.readline())
                executor.cancel([key], Rung.INTERRUPT)

            def wait_for_it(caught_ns: list[int] = caught_ns) -> None:
                try:
                    work()
                except Cancelled:
                    caught_ns.append(time.monotonic_ns())
                    raise

            reader = threading.Thread(target=interrupt)
            reader.start()
            orders.write(f"{delay}\n")
            executor.submit(Work(key, "work", Call(wait_for_it)), _nobody)
            executor.run_pending()
            reader.join()
            took_ms.append((caught_ns[0] - sent_ns) / 1e6)
        orders.close()
    executor.shutdown()
    return took_ms


def _nobody(_end: WorkEnd) -> None:
    """The time is taken in user code."""
