"""What a cancel would tear down and what it would leave, in lines, for the form that asks for it.

Runners of which the same is to be said are one line: a flow run may have work of many.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rescind.server.api.reads.forecast import Forecast, RunnerForecast
from rescind.server.web.words import duration, listed

__all__ = ["TeardownLine", "span", "teardown_lines"]


class TeardownLine(NamedTuple):
    """Whose infrastructure, what becomes of it, and what is worth a warning about that."""

    what: str
    said: str
    warning: str
    is_torn_down: bool


def teardown_lines(graceful: Forecast, abort: Forecast) -> Sequence[TeardownLine]:
    """Of each runner that holds work, alike ones together; what is torn down comes first."""
    merged: dict[tuple[str, str, bool], dict[str, list[str]]] = {}
    for gentle, hard in zip(graceful.runners, abort.runners, strict=True):
        kind = gentle.teardown.kind or ""
        key = _said(gentle, hard), _warning(gentle), gentle.teardown.fate == "torn_down"
        merged.setdefault(key, {}).setdefault(kind, []).append(gentle.runner_id)
    lines = [
        TeardownLine(_named(kind, ids), said, warning, is_torn_down)
        for (said, warning, is_torn_down), by_kind in merged.items()
        for kind, ids in by_kind.items()
    ]
    return sorted(lines, key=lambda line: not line.is_torn_down)


def span(seconds: float) -> str:
    """As ``5 min 0 s`` would be read out: ``5 min``; a forecast is no stop-watch."""
    return duration(round(seconds) * 1000).removesuffix(" 0 s").replace(".0 s", " s")


def _named(kind: str, runner_ids: Iterable[str]) -> str:
    runners = listed(sorted(runner_ids), 3)
    return f"The {kind} of {runners}" if kind else runners


def _said(gentle: RunnerForecast, hard: RunnerForecast) -> str:
    match gentle.teardown.fate:
        case "torn_down":
            return _torn_down(gentle.teardown.after_seconds, hard.teardown.after_seconds)
        case "shared":
            return "not touched: other flow runs may be there; it ends only if its runner is lost"
        case "no_handle":
            return "nothing to tear down: it has named nothing that could be ended from outside"
        case "not_known":
            return "not known: it has not said where it lives"


def _torn_down(after: float | None, after_abort: float | None) -> str:
    said = "is of this flow run alone: torn down from outside if what runs there has not ended"
    when = [f"{span(after)} after the cancel"] if after is not None else []
    if after_abort is not None and after_abort != after:
        when.append(f"{span(after_abort)} after an abort")
    within = f" {', or '.join(when)}" if when else " by the deadline"
    return f"{said}{within}; sooner if its runner is lost"


def _warning(gentle: RunnerForecast) -> str:
    if gentle.teardown.reached is not False:
        return ""
    return f"nobody who ends what is in {gentle.teardown.scope} is here now"
