"""Which task of the demo is expected to end how, with each executor: its row of the table.

What an executor cannot stop is no failure of the demo: it is left to finish, as was promised, and
is given little to do.
"""

from dataclasses import dataclass
from typing import Final

__all__ = ["CASTS", "LONG", "Cast"]

LONG: Final = ("sleep", "spin", "watch", "upload", "derive")


@dataclass(frozen=True, slots=True)
class Cast:
    """What is expected with one executor.

    Attributes:
        stopped: running tasks that are stopped.
        left: running tasks that are left to finish.
        seconds: how long the sleeping and the spinning one would run.
        rounds: how long the one in C would.

    """

    stopped: tuple[str, ...]
    left: tuple[str, ...]
    seconds: float
    rounds: int

    @property
    def at_work(self) -> tuple[str, ...]:
        """What runs when the cancel is asked for."""
        return (*self.stopped, *self.left)

    @property
    def never(self) -> tuple[str, ...]:
        """What never starts."""
        return ("compress", *(name for name in LONG if name not in self.at_work))


CASTS: Final = {
    "process": Cast(
        stopped=("sleep", "spin", "watch", "derive"),
        left=("upload",),
        seconds=300,
        rounds=2 * 10**9,
    ),
    # The same, without an interrupt: workers are killed when the grace is over.
    "dask": Cast(
        stopped=("sleep", "spin", "watch", "derive"),
        left=("upload",),
        seconds=300,
        rounds=2 * 10**9,
    ),
    # A thread in a call cannot be stopped from outside; a command is a process all the same.
    "thread": Cast(
        stopped=("watch",), left=("upload", "sleep", "spin", "derive"), seconds=8, rounds=10**7
    ),
    # One after the other in the main thread: what is behind the first one does not begin.
    "local": Cast(stopped=("sleep",), left=(), seconds=300, rounds=2 * 10**9),
}
