"""What infrastructure is: starts a job, ends it by its handle alone, and says what it saw.

The handle is stored in the flow run's stream by the job itself, so whoever ends it needs no other
record and need not be who started it. Two rules hold for every backend:

- **Only what was started as a job is ended.** A handle comes over Kafka, and anybody may have
  written it. So it names the place (`scope`) and a random mark that the job carries where the
  backend can see it. What does not carry the mark is not touched.
- **Gone is said of nothing else.** "Not found" is evidence only from the place that the handle
  names, about that mark. Else it is a `NotMatchingError`, and nothing is claimed.

All of it may wait, and none of it is a coroutine: half of the clients there are (Docker's, AWS's)
have no other form, and whoever wants to do something meanwhile has threads.

Absent on purpose: Kafka, what a teardown is for, and when it is tried again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from pydantic import JsonValue

from rescind.events.words import Handle

__all__ = [
    "HANDLE_VARIABLE",
    "JOB_VARIABLE",
    "Evidence",
    "Infrastructure",
    "Job",
    "Status",
]

HANDLE_VARIABLE: Final = "RESCIND_HANDLE"
"""In the environment of a job: its own handle, for it to register. `hosted` takes it out again."""

JOB_VARIABLE: Final = "RESCIND_JOB"
"""In the environment of a job and of all that it starts: its mark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A flow runner to be started: the arguments of ``rescind``, and what to add to its environ.

    ``secrets`` are of its environment as well; a backend may have a better place for them.
    """

    flow_run_id: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    secrets: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a job runs; ``exit_code`` is negative or above 128 if a signal ended it.

    ``not_found``: it has ended, and nothing more is known of it.
    """

    state: Literal["running", "ended", "not_found"]
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen of the end of a job. ``facts`` are the backend's own.

    ``not_found`` and ``ended``: before anything was done. ``terminated``: it gave way when it was
    asked to. ``killed``: nothing of it was left then.
    """

    how: Literal["not_found", "ended", "terminated", "killed"]
    facts: Mapping[str, JsonValue]

    def to_dict(self) -> dict[str, JsonValue]:
        """As a report has it."""
        return {"how": self.how, **self.facts}


class Infrastructure(Protocol):
    """One place where jobs run. Every method raises `InfrastructureError`s."""

    @property
    def kind(self) -> str:
        """What its handles are called: ``process``, ``docker``, ``kubernetes``, ``ecs``."""
        ...

    @property
    def scope(self) -> str:
        """Where it is: two of the same scope end each other's jobs."""
        ...

    def start(self, job: Job) -> Handle:
        """Start it; by the handle it is known again, here and wherever the scope is the same."""
        ...

    def stop(self, handle: Handle, grace_seconds: float) -> Evidence:
        """Have it end, and after so long end it; return when it was seen to be gone.

        What has ended already is evidence as well.
        """
        ...

    def status(self, handle: Handle) -> Status:
        """Whether it runs."""
        ...

    def show(self, handle: Handle) -> None:
        """Print what it prints, to the same streams, until it has ended."""
        ...

    def clear(self, handle: Handle) -> None:
        """Take away what is left of a job that has ended."""
        ...
