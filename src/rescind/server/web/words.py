"""Words of the pages: states, ends, fates and answers, as a person says them; times likewise."""

from datetime import UTC, datetime
from typing import Final, NamedTuple

from rescind.events.words import Actor, End, How
from rescind.server.api.cancels.words import CancelOutcome
from rescind.server.api.reads.forecast import Fate

__all__ = [
    "ANSWERS",
    "ENDS",
    "FATES",
    "HOWS",
    "StateWord",
    "age",
    "coarse",
    "duration",
    "exact",
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

HOWS: Final = {
    How.GRACEFUL: "interrupted, and ended by itself",
    How.FORCED: "killed",
    How.DEADLINE: "given up at its deadline",
    How.RUNNER_LOST: "given up, its runner silent",
    How.NOT_HELD: "not held by its runner",
    How.NEVER_STARTED: "never started",
    How.NOT_RETRIED: "not tried again",
    How.BY_RUNNER: "ended so by itself",
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
    if ms < 60_000:
        return f"{ms / 1000:.1f} s"
    minutes, seconds = divmod(ms // 1000, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    return f"{minutes // 60} h {minutes % 60} min"
