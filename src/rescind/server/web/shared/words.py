"""Words of the pages: states, ends, fates and answers, as a person says them; times likewise."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from rescind.events.words import Actor, CascadePolicy, End, How, Rung
from rescind.server.api.cancels.words import CancelOutcome
from rescind.server.api.reads.forecast import Fate
from rescind.server.readmodel.queries.answers import TeardownOutcome

__all__ = [
    "ABORT_FATES",
    "ANSWERS",
    "CHILD_SAID",
    "ENDS",
    "FATES",
    "POLICIES",
    "RUNGS",
    "TEARDOWNS",
    "StateWord",
    "age",
    "coarse",
    "duration",
    "exact",
    "how_it_ended",
    "listed",
    "state_word",
    "who",
]


class StateWord(NamedTuple):
    """A state for people: its word, and the look that goes with it (a name in the style sheet)."""

    word: str
    look: str


_STATES: Final = {
    "Pending": StateWord("Pending", "pending"),
    "Pending.Retrying": StateWord("Retrying", "pending"),
    "Running": StateWord("Running", "running"),
    "Running.Cancelling": StateWord("Cancelling", "cancelling"),
    "Finished.Success": StateWord("Success", "success"),
    "Finished.Failed": StateWord("Failed", "failed"),
    "Finished.Failed.Crashed": StateWord("Crashed", "failed"),
    "Finished.Failed.TimedOut": StateWord("Timed out", "failed"),
    "Finished.Cancelled": StateWord("Cancelled", "cancelled"),
    # Of bulk cancellations.
    "Draft": StateWord("Counting", "pending"),
    "Draft.Counted": StateWord("Draft", "pending"),
    "Paused": StateWord("Paused", "cancelling"),
    "Finished.Completed": StateWord("Completed", "success"),
    "Finished.Stopped": StateWord("Stopped", "cancelled"),
}

_HOWS: Final = {
    How.FORCED: ("killed", "killed"),
    How.DEADLINE: ("given up at its deadline", "given up at their deadline"),
    How.RUNNER_LOST: ("given up, its runner silent", "given up, their runner silent"),
    How.NOT_HELD: ("not held by its runner", "not held by their runner"),
    How.NEVER_STARTED: ("never started", "never started"),
    How.NOT_RETRIED: ("not tried again", "not tried again"),
    How.BY_RUNNER: ("ended so by itself", "ended so by themselves"),
}

RUNGS: Final = {
    Rung.FLAG: "Asked to stop",
    Rung.INTERRUPT: "Interrupted",
    Rung.TERMINATE: "Terminated",
    Rung.KILL: "Killed",
}

POLICIES: Final = {
    CascadePolicy.WAIT: "is cancelled with it, and waited for",
    CascadePolicy.REQUEST: "is cancelled with it, and not waited for",
    CascadePolicy.NONE: "is left alone, and goes on",
}

CHILD_SAID: Final = {
    CascadePolicy.WAIT: "cancelled with it",
    CascadePolicy.REQUEST: "cancelled with it, and not waited for",
    CascadePolicy.NONE: "left alone, as its policy says: it goes on",
}

TEARDOWNS: Final[dict[TeardownOutcome, str]] = {
    "asked": "asked for",
    "started": "begun",
    "done": "done, and seen to be",
    "failed": "failed",
    "given_up": "given up: it may still run",
}

ENDS: Final = {
    End.SUCCESS: "Finished.Success",
    End.FAILED: "Finished.Failed",
    End.CRASHED: "Finished.Failed.Crashed",
    End.TIMED_OUT: "Finished.Failed.TimedOut",
    End.CANCELLED: "Finished.Cancelled",
}
"""The state that an end leads to when it is told in time."""

FATES: Final[dict[Fate, str]] = {
    "interrupted_then_killed": "interrupted, then killed if it goes on",
    "interrupted": "interrupted; waited for if it goes on",
    "killed": "killed",
    "ended_with_its_process": "ended with its process",
    "waited_for": "cannot be stopped: waited for",
    "not_known": "not known: its runner has not said",
}

ABORT_FATES: Final[dict[Fate, str]] = {
    "interrupted": "interrupted; if it goes on, given up",
    "waited_for": "cannot be stopped: given up",
}
"""Under an abort nothing is waited for beyond its deadline."""

ANSWERS: Final[dict[CancelOutcome, tuple[str, str]]] = {
    "cancelled": ("Cancelled", "Nothing of it was running, so it is over."),
    "cancelling": ("Being cancelled", "Nothing more of it starts, and what runs is told to stop."),
    "escalated": ("Being aborted", "What is left is killed where it can be, without more grace."),
    "already_cancelling": (
        "Already being cancelled",
        "The first request holds; asking again has changed nothing.",
    ),
    "armed": (
        "Armed",
        "Nobody knows this flow run yet. If it registers in time, it is cancelled at once.",
    ),
    "accepted": (
        "Asked, not answered yet",
        "Kafka has the request; the flow run's page shows what comes of it.",
    ),
}


def state_word(state: str) -> StateWord:
    """Of a state that a newer release has: its own name."""
    return _STATES.get(state, StateWord(state, "pending"))


def how_it_ended(how: How, number: int = 1, interrupts: bool | None = None) -> str:
    """In what way so many came to be cancelled; what only asks, as threads do, interrupts nothing.

    ``interrupts``: whether the executors that held them do; None: nobody knows of all of them.
    """
    if how is not How.GRACEFUL:
        return _HOWS[how][number != 1]
    asked = "interrupted" if interrupts else "asked to stop"
    return f"{asked}, and ended by {'itself' if number == 1 else 'themselves'}"


def listed(names: Sequence[str], shown_max: int = 5) -> str:
    """As ``a, b and 3 more``."""
    more = len(names) - shown_max
    shown = ", ".join(names[:shown_max])
    return f"{shown} and {more} more" if more > 0 else shown


def who(actor: Actor | None) -> str:
    """Who asked. What is not verified is a claim, and is said to be one."""
    if actor is None:
        return "nobody that is named"
    claim = "" if actor.verified else " (unverified)"
    return f"{actor.kind} {actor.id}{claim}"


def exact(at_ms: int) -> str:
    """As ``2026-03-01 12:00:00.000 UTC``."""
    at = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}.{at_ms % 1000:03} UTC"


def age(at_ms: int, now_ms: int) -> str:
    """How long ago, or in how long; in whole steps, since nobody reads more."""
    seconds = (now_ms - at_ms) // 1000
    if -1 <= seconds < 1:
        return "now"
    return f"{coarse(seconds)} ago" if seconds > 0 else f"in {coarse(-seconds)}"


def coarse(seconds: int) -> str:
    """As ``7 s``, ``4 min``, ``3 h``, ``2 d``."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def duration(ms: int) -> str:
    """As ``340 ms``, ``12.3 s``, ``4 min 10 s``, ``3 h 5 min``."""
    if ms < 1_000:
        return f"{max(0, ms)} ms"
    # From here on it would be written as 60.0 s.
    if ms < 59_950:
        return f"{ms / 1000:.1f} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    return f"{minutes // 60} h {minutes % 60} min"
