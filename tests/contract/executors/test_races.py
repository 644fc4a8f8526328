"""Interrupts at every moment of a short call: a result that is there is kept, and nothing else is
hit.

The work is one call into C, so "it was done" and "it returned" are the same moment: an end that is
not a success of work that was done would be a lost result.
"""

import ctypes
import gc
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Self

import pytest

from rescind.cancelled import Cancelled
from rescind.runners.executors import AttemptKey, LocalExecutor, Rung
from rescind.runners.executors.interrupting.mainthread import INTERRUPT_SIGNAL, Region, main_regions
from rescind.runners.executors.interrupting.threadcall import ThreadCall
from tests.contract.executors.bench import Bench
from tests.contract.executors.kinds import KINDS, Kind

_IN_THIS_PROCESS = [kind for kind in KINDS if kind.can_interrupt and not kind.has_processes]
ATTEMPTS = 1_000
HITS = 300
CALLS_MAX = 2_000_000


@pytest.fixture(autouse=True)
def _no_finalizers() -> Iterator[None]:
    """What is raised inside a finalizer is lost, and the collector runs them anywhere."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _python_work(done: list[int], number: int) -> int:
    for _ in range(200):
        pass
    done.append(number)
    return number


def _name(kind: Kind) -> str:
    return kind.name


class _Marksman:
    """Interrupts whatever has begun, at random moments, from another thread."""

    def __init__(self, bench: Bench, seed: int) -> None:
        print(f"seed {seed}")  # noqa: T201 - whoever has to repeat it needs it.
        self._bench = bench
        self._chance = random.Random(seed)
        self._target: AttemptKey | None = None
        self._enough = threading.Event()

    def __enter__(self) -> Self:
        # Threads take turns every few microseconds, or a short call would always run in one go.
        self._switch_seconds = sys.getswitchinterval()
        sys.setswitchinterval(5e-6)
        self._bench.meanwhile(self._shoot)
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        sys.setswitchinterval(self._switch_seconds)

    def gate(self, key: AttemptKey) -> bool:
        """Take this one from now on: it begins."""
        self._target = key
        return True

    def _shoot(self) -> None:
        while not self._enough.is_set():
            _busy(self._chance.random() * 2e-4)
            if self._target is not None:
                self._bench.executor.cancel([self._target], Rung.INTERRUPT)


def _busy(seconds: float) -> None:
    # A sleep is never shorter than the scheduler's 50 µs.
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        time.sleep(0)


@pytest.mark.parametrize("kind", _IN_THIS_PROCESS, indirect=True, ids=_name)
def test_a_result_that_is_there_is_never_lost_to_a_late_interrupt(bench: Bench) -> None:
    done: list[int] = []
    keys = {}

    with _Marksman(bench, random.randrange(2**32)) as marksman:
        for number in range(ATTEMPTS):
            key = bench.submit(done.append, number, gate=marksman.gate)
            keys[number] = key
            if isinstance(bench.executor, LocalExecutor) or number % 4 == 3:
                bench.end_of(key)
        for key in keys.values():
            bench.end_of(key)

    succeeded = {number for number, key in keys.items() if bench.ends[key].end == "success"}
    assert succeeded == set(done)
    assert set(bench.told.values()) == {1}
    _print_ends(bench)


@pytest.mark.parametrize("kind", _IN_THIS_PROCESS, indirect=True, ids=_name)
def test_interrupts_hit_only_the_work_that_they_are_for(bench: Bench) -> None:
    done: list[int] = []

    with _Marksman(bench, random.randrange(2**32)) as marksman:
        for number in range(ATTEMPTS):
            end = bench.end_of(bench.submit(_python_work, done, number, gate=marksman.gate))
            assert end.end in {"success", "cancelled"}
            assert end.how in {None, "graceful", "never_started"}
            assert end.end == "cancelled" or end.value == number

    assert set(bench.told.values()) == {1}
    _print_ends(bench)


def _print_ends(bench: Bench) -> None:
    ends = [f"{end.end} {end.how}" for end in bench.ends.values()]
    counted = {each: ends.count(each) for each in sorted(set(ends))}
    print(bench.kind.name, counted)  # noqa: T201 - shows how many came at which moment.


BOMBARDMENT = """
import os, sys, time
pid, number = int(sys.argv[1]), int(sys.argv[2])
print("firing", flush=True)
while os.getppid() == pid:
    os.kill(pid, number)
    for _ in range(time.perf_counter_ns() % 1000):
        pass
"""


@contextmanager
def _under_fire() -> Iterator[None]:
    """A process of its own fires, so that the interpreter's lock has no say in when it hits."""
    command = [sys.executable, "-c", BOMBARDMENT, str(os.getpid()), str(INTERRUPT_SIGNAL)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as gunner:
        assert gunner.stdout is not None
        gunner.stdout.readline()
        try:
            yield
        finally:
            gunner.kill()


def test_whenever_the_signal_comes_the_main_thread_is_hit_in_user_code_or_not_at_all() -> None:
    regions = main_regions()
    regions.install()
    hits = number = 0

    with _under_fire():
        while hits < HITS and number < CALLS_MAX:
            number += 1
            region = Region(AttemptKey("flow", str(number)))
            region.asked = 1
            done: list[int] = []
            in_c = number % 2 == 0
            work = done.append if in_c else partial(_python_work, done)
            regions.run(region, partial(work, number))
            hits += _was_hit(region.values, region.error)
            assert not in_c or bool(done) == bool(region.values)

    assert hits == HITS, f"{number} calls were made"


def test_whenever_the_exception_is_set_the_thread_is_hit_in_user_code_or_not_at_all() -> None:
    current: list[ThreadCall] = []
    problems: list[BaseException] = []
    hits: list[int] = []
    switch_seconds = sys.getswitchinterval()

    def work() -> None:
        try:
            for number in range(CALLS_MAX):
                call = ThreadCall()
                current[:] = [call]
                done: list[int] = []
                in_c = number % 2 == 0
                call.run(partial(done.append if in_c else partial(_python_work, done), number))
                if _was_hit(call.values, call.error):
                    hits.append(number)
                assert not in_c or bool(done) == bool(call.values)
                if len(hits) == HITS:
                    return
        except BaseException as error:  # noqa: BLE001 - a hit outside of user code.
            problems.append(error)

    worker = threading.Thread(target=work)
    sys.setswitchinterval(5e-6)
    try:
        worker.start()
        while worker.is_alive():
            for call in current[:]:
                call.raise_in()
    finally:
        sys.setswitchinterval(switch_seconds)
        worker.join()

    assert problems == []
    assert len(hits) == HITS


class _LockUnderFire:
    """A lock at which `Cancelled` is raised in whoever takes it, the first times that it is."""

    def __init__(self, times: int) -> None:
        self._times = times

    def __enter__(self) -> None:
        if self._times:
            self._times -= 1
            thread_id = ctypes.c_ulong(threading.get_ident())
            cancelled = ctypes.py_object(Cancelled)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(thread_id, cancelled)

    def __exit__(self, *_exception: object) -> None:
        pass


def test_two_exceptions_that_come_at_the_very_end_of_a_call_stay_inside() -> None:
    call = ThreadCall()
    call._lock = _LockUnderFire(times=2)  # type: ignore[assignment]  # noqa: SLF001 - the moment is there.

    call.run(list)

    assert (call.values, call.error) == ([[]], None)


def _was_hit(values: list[object], error: BaseException | None) -> bool:
    if error is None:
        assert len(values) == 1
        return False
    assert isinstance(error, Cancelled)
    assert values == []
    return True
