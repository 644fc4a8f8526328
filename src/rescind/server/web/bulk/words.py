"""Bulk cancellations in words and bars, as a person reads them: pure."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from rescind.server.api.bulks.words import BulkCancellation
from rescind.server.web.shared.words import StateWord, coarse

__all__ = ["Bar", "bars_of", "facts_of", "outcome_word", "pace_of"]

_OUTCOMES: Final = {
    "took_effect": StateWord("Took effect", "cancelled"),
    "already_cancelling": StateWord("Was being cancelled already", "cancelling"),
    "already_finished": StateWord("Had ended already", "success"),
    "unknown_run": StateWord("No longer known", "pending"),
    "stale": StateWord("Registered after the count", "pending"),
    "quarantined": StateWord("In quarantine", "failed"),
    "not_allowed": StateWord("Not allowed", "failed"),
    "internal_error": StateWord("A bug of the service", "failed"),
}


class Bar(NamedTuple):
    """A share of a bulk cancellation: where it begins and how wide it is, in percent."""

    outcome: str
    word: str
    look: str
    number: int
    x: float
    width: float


def outcome_word(outcome: str) -> StateWord:
    """Of a code that has no words here: the code."""
    return _OUTCOMES.get(outcome, StateWord(outcome, "failed"))


def bars_of(bulk: BulkCancellation) -> Sequence[Bar]:
    """What came of those that were asked, side by side, of all that were meant."""
    progress = bulk.progress
    if progress is None:
        return ()
    whole = max(progress.of, progress.asked, 1)
    bars: list[Bar] = []
    x = 0.0
    for outcome, count in progress.outcomes.items():
        word, look = outcome_word(outcome)
        width = round(100 * count / whole, 3)
        bars.append(Bar(outcome, word, look, count, round(x, 3), width))
        x += width
    return bars


def pace_of(bulk: BulkCancellation) -> str:
    """As ``7.6 a second, about 2 min left``; empty while nobody knows."""
    progress = bulk.progress
    if progress is None or not progress.per_second:
        return ""
    rate = progress.per_second
    said = f"{rate:,.0f} a second" if rate >= 10 else f"{rate:.2g} a second"
    seconds = math.ceil(progress.seconds_left or 0)
    return f"{said}, about {coarse(seconds)} left" if seconds else said


def facts_of(bulk: BulkCancellation) -> Sequence[tuple[str, str]]:
    """What of the predicate is said, each as its word and its value; nothing: it means all."""
    where = bulk.where
    said = [("label", f"{key}={value}") for key, value in where.labels.items()]
    said += [("name", name) for name in where.names]
    said += [("namespace", name) for name in where.namespaces]
    said += [("state", state) for state in where.states]
    if where.parent is not None:
        said.append(("child of", where.parent))
    return said
