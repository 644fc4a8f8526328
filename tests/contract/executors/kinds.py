"""The executors that the contract is held against, and what each says about stopping work.

`stopped_by` names, for work that is in such a situation, the lowest rung that ends it there and
then. Where it names none, nothing can: the work goes on until the call returns, and `late_end` is
what comes of an interrupt (or a flag) then. A new executor joins by a line here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rescind.runners.executors import (
    AsyncExecutor,
    DaskExecutor,
    Executor,
    LocalExecutor,
    ProcessExecutor,
    ThreadExecutor,
)
from rescind.runners.executors.base import End, Rung
from tests.contract.executors import works
from tests.contract.executors.coroutines import as_coroutine

__all__ = ["KINDS", "SITUATIONS", "Kind"]

SITUATIONS: Final[Mapping[str, Callable[[Path, float], str]]] = {
    "sleep": works.nap,
    "cpu_loop": works.spin,
    "lock_wait": works.wait_for_lock,
    "socket_recv": works.receive,
    "subprocess": works.run_a_subprocess,
    "c_blocked": works.hash_in_c,
}


@dataclass(frozen=True)
class Kind:
    name: str
    make: Callable[[], Executor]
    stopped_by: Mapping[str, Rung]
    late_end: End
    runs_at_once: int
    has_processes: bool = False
    uses_cgroup: bool = False
    on_a_foreign_cluster: bool = False
    """`make` is the conftest's, which knows where that cluster is."""
    as_work: Callable[[Callable[..., object]], Callable[..., object]] = lambda function: function
    """What a function of `works` is for this kind."""

    @property
    def can_interrupt(self) -> bool:
        return Rung.INTERRUPT in self.stopped_by.values()


_INTERRUPT = dict.fromkeys(SITUATIONS, Rung.INTERRUPT)
_IN_PROCESSES = _INTERRUPT | {"c_blocked": Rung.TERMINATE}

KINDS: Final = (
    Kind(
        name="local",
        make=LocalExecutor,
        stopped_by={name: rung for name, rung in _INTERRUPT.items() if name != "c_blocked"},
        late_end="cancelled",
        runs_at_once=1,
    ),
    Kind(
        name="threads",
        make=lambda: ThreadExecutor(2),
        stopped_by={},
        late_end="success",
        runs_at_once=2,
    ),
    Kind(
        name="threads-with-exceptions",
        make=lambda: ThreadExecutor(2, asynchronous_exceptions=True),
        stopped_by={"cpu_loop": Rung.INTERRUPT},
        late_end="cancelled",
        runs_at_once=2,
    ),
    Kind(
        name="asyncio",
        make=lambda: AsyncExecutor(2),
        # What is blocked in C is so in a thread; the coroutine before it has long given way.
        stopped_by={name: rung for name, rung in _INTERRUPT.items() if name != "c_blocked"},
        late_end="cancelled",
        runs_at_once=2,
        as_work=as_coroutine,
    ),
    Kind(
        name="processes",
        make=lambda: ProcessExecutor(2, use_cgroup=False),
        stopped_by=_IN_PROCESSES,
        late_end="cancelled",
        runs_at_once=2,
        has_processes=True,
    ),
    Kind(
        name="processes-in-cgroups",
        make=lambda: ProcessExecutor(2, use_cgroup=True),
        stopped_by=_IN_PROCESSES,
        late_end="cancelled",
        runs_at_once=2,
        has_processes=True,
        uses_cgroup=True,
    ),
    Kind(
        name="dask",
        make=lambda: DaskExecutor(2),
        stopped_by=dict.fromkeys(SITUATIONS, Rung.KILL),
        late_end="success",
        runs_at_once=2,
    ),
    Kind(
        name="dask-of-others",
        make=lambda: DaskExecutor(address="tcp://127.0.0.1:1"),
        stopped_by={},
        late_end="success",
        runs_at_once=2,
        on_a_foreign_cluster=True,
    ),
)
