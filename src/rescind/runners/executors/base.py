"""What an executor is: the words that the flow runner and every backend share.

An executor begins attempts, says how each ended, and takes the rung of the ladder that it is told
to take. It decides nothing: when a rung is due is the flow runner's (`rescind.runners.ladder`).
The rule that every backend keeps: **each attempt that was submitted ends exactly once**, from
whatever thread, and a real end that was already reached is never turned into another one.

Absent on purpose: Kafka, the service, timeouts (the flow runner's ladder again), results kept
anywhere, and any promise that an executor cannot prove. What it cannot do stands in its
`Capabilities`, in `Executor.cannot_stop` and in the evidence of each `WorkEnd`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Literal, TypeAlias

__all__ = [
    "AttemptKey",
    "Call",
    "Capabilities",
    "Command",
    "CommandResult",
    "End",
    "Executor",
    "Gate",
    "How",
    "Json",
    "OnEnd",
    "Rung",
    "RungOutcome",
    "RungResult",
    "Work",
    "WorkEnd",
    "WorkError",
]

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

End: TypeAlias = Literal["success", "failed", "cancelled", "crashed"]

How: TypeAlias = Literal["graceful", "forced", "never_started", "by_runner"]
"""In what way an attempt came to be cancelled: it gave way when asked; it was ended; it had not
begun; or it ended so by itself, and nobody had asked."""


class Rung(StrEnum):
    """The steps of the ladder, in rising order; the names are the wire's."""

    FLAG = "flag"  #: `current_run().is_cancelling()` is true
    INTERRUPT = "interrupt"  #: `rescind.Cancelled` is raised in user code; SIGINT for a command
    TERMINATE = "terminate"  #: SIGTERM
    KILL = "kill"  #: SIGKILL, and nothing of it is left


@dataclass(frozen=True, slots=True)
class AttemptKey:
    """One try of one task run; `attempt` counts from 1."""

    flow_run_id: str
    task_run_id: str
    attempt: int = 1

    def __str__(self) -> str:
        return f"{self.flow_run_id}/{self.task_run_id}#{self.attempt}"


@dataclass(frozen=True, slots=True)
class Call:
    """A Python callable as work.

    Where it has to be pickled, `sent_as` goes in place of the function, if there is one: an object
    that unpickles to the function (by its name, say, where the function's own name is taken).
    """

    function: Callable[..., object]
    args: tuple[object, ...] = ()
    kwargs: Mapping[str, object] = field(default_factory=dict[str, object])
    sent_as: object = None


@dataclass(frozen=True, slots=True)
class Command:
    """A command as work: a list of arguments, or one line for ``/bin/sh``.

    `environ` is added to the environment of the runner. Of what the command writes, the last
    `output_bytes_max` of stdout and stderr together are kept.
    """

    argv: tuple[str, ...] | str
    cwd: str | None = None
    environ: Mapping[str, str] = field(default_factory=dict[str, str])
    output_bytes_max: int = 16 * 1024


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The value of a command that ended with exit code 0: the end of what it wrote."""

    output: str
    output_is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """One attempt to carry out."""

    key: AttemptKey
    name: str
    does: Call | Command


@dataclass(frozen=True, slots=True)
class WorkError:
    """An error of user code in words, and the exception itself where it could be brought along."""

    type: str
    message: str
    traceback: str | None = None
    exception: BaseException | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class WorkEnd:
    """How one attempt ended.

    `stopped_confirmed` says whether it was seen that nothing of it runs any more; of a call in the
    runner's own process, that it has returned, whatever it had started. `evidence` is JSON with
    units in its names: ``pid``, ``exit_code``, ``signal``, ``rungs``, ``leftovers``,
    ``survivors``, ``stop_ms``; each executor has its own share of them.
    """

    key: AttemptKey
    end: End
    value: object = None
    error: WorkError | None = None
    how: How | None = None
    stopped_confirmed: bool = True
    evidence: Mapping[str, Json] = field(default_factory=dict[str, Json])


RungOutcome: TypeAlias = Literal["done", "failed", "unsupported", "not_held"]


@dataclass(frozen=True, slots=True)
class RungResult:
    """What came of taking one rung for one attempt. ``done``: asked for, not yet obeyed."""

    key: AttemptKey
    rung: Rung
    outcome: RungOutcome
    message: str = ""
    evidence: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What cancelling means for the work of an executor, shown before anyone clicks Cancel.

    `survivors` is a sentence: what may still run after everything has been tried. `is_elsewhere`:
    the work is not below this process, and goes on when this process ends.
    """

    can_stop_pending: bool
    can_interrupt: bool
    can_kill: bool
    survivors: str
    is_elsewhere: bool = False


OnEnd: TypeAlias = Callable[[WorkEnd], None]
"""Told how an attempt ended, once, from any thread. Must be quick and must not raise."""

Gate: TypeAlias = Callable[[AttemptKey], bool]
"""Asked right before an attempt begins, in the thread that begins it: may it still? ``False`` ends
it as ``never_started``. May take a moment: a runner reads its inbox to the end here."""


class Executor(ABC):
    """Carries out attempts, and takes the rungs that it has.

    All methods may be called from any thread, unless a subclass says otherwise.
    """

    name: ClassVar[str]
    runs_coroutines: ClassVar[bool] = False

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities: ...

    @property
    @abstractmethod
    def rungs(self) -> tuple[Rung, ...]:
        """The rungs that it has for a Python call, in rising order."""

    @abstractmethod
    def rungs_of(self, key: AttemptKey) -> tuple[Rung, ...]:
        """The rungs that it has for this attempt: a command may have others than a call."""

    @property
    def capacity(self) -> int:
        """How many attempts it runs at once."""
        return 1

    @abstractmethod
    def start(self) -> None:
        """Get ready; to be called before the first `submit`.

        Raises:
            CannotInterruptError: it cannot work here, and was told not to put up with less.

        """

    @abstractmethod
    def submit(self, work: Work, on_end: OnEnd, gate: Gate | None = None) -> None:
        """Take an attempt, to be begun when there is room.

        Raises:
            AttemptHeldError: this attempt is held already.
            ExecutorClosedError: it was shut down.

        """

    @abstractmethod
    def held(self) -> list[AttemptKey]:
        """The attempts that were submitted and have not ended, oldest first."""

    @abstractmethod
    def cannot_stop(self, keys: Sequence[AttemptKey]) -> list[AttemptKey]:
        """Of those, the ones that this executor has no means to stop, as far as it knows now.

        What it knows grows with the rungs that were taken: ask again, or ask `REACT_SECONDS`
        (of `rescind.runners.executors.held`) after the first interrupt.
        """

    @abstractmethod
    def cancel(self, keys: Sequence[AttemptKey], rung: Rung) -> list[RungResult]:
        """Take one rung for these attempts. Taking it again is harmless.

        What has not begun ends as ``never_started`` on any rung. Returns at once, before the
        attempts have ended; never raises because of user code.
        """

    def is_waiting(self, key: AttemptKey) -> bool:  # noqa: ARG002
        """Whether it is in this process and does nothing but wait for another one that is."""
        return False

    @property
    def why_no_interrupt(self) -> str:
        """Why it cannot interrupt in this place what it could elsewhere; empty if it can."""
        return ""

    def ends_with_process(self, keys: Sequence[AttemptKey]) -> list[AttemptKey]:  # noqa: ARG002
        """Of those, the ones that run inside this process and can be ended only with it."""
        return []

    def give_up(self, key: AttemptKey, evidence: Mapping[str, Json]) -> None:  # noqa: ARG002
        """Tell that one of those ends with this process, which is about to exit.

        It ended as ``forced``, unconfirmed; a real end that it has reached meanwhile stands.
        """
        # Only for those that `ends_with_process` names: who names some has to say how this is done.
        raise AssertionError(f"{self.name} has named none that ends with the process: {key}")

    @abstractmethod
    def shutdown(self, *, kill: bool = False, wait_seconds: float = 10.0) -> list[AttemptKey]:
        """Take nothing more, end what has not begun, and leave.

        Running attempts get `wait_seconds` to end; with `kill` the highest rung of each is taken
        first. Returns the attempts that still run then: nobody will report their end.
        """
