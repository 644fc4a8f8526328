"""What a cancel would tear down and what it would leave, in lines, for the form that asks for it.

Runners of which the same is to be said are one line: a flow run may have work of many.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from rescind.server.api.reads.forecast import Forecast, RunnerForecast
from rescind.server.web.shared.words import duration, listed

__all__ = ["TeardownLine", "span", "teardown_lines"]


class TeardownLine(NamedTuple):
    """Whose infrastructure, what becomes of it, and what is worth a warning about that."""

    what: str
    said: str
    warning: str
    is_torn_down: bool


def teardown_lines(
    graceful: Forecast | None, abort: Forecast, called: Callable[[str], str] = str
) -> Sequence[TeardownLine]:
    """Of each runner that holds work, alike ones together; what is torn down comes first.

    ``graceful``: None where only an abort is asked for. ``called``: how a runner's id is written.
    """
    merged: dict[tuple[str, str, bool], dict[str, list[str]]] = {}
    gentle = {} if graceful is None else {one.runner_id: one for one in graceful.runners}
    for hard in abort.runners:
        kind, fate = hard.teardown.kind or "", hard.teardown.fate
        key = _said(gentle.get(hard.runner_id), hard), _warning(hard), fate == "torn_down"
        merged.setdefault(key, {}).setdefault(kind, []).append(hard.runner_id)
    lines = [
        TeardownLine(_named(kind, map(called, ids)), said, warning, is_torn_down)
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


def _said(gentle: RunnerForecast | None, hard: RunnerForecast) -> str:
    match hard.teardown.fate:
        case "torn_down":
            after = None if gentle is None else gentle.teardown.after_seconds
            return _torn_down(after, hard.teardown.after_seconds)
        case "shared":
            return "not touched: other flow runs may be there; it ends only if its runner is lost"
        case "no_handle":
            return "nothing to tear down: nothing is known that could be ended from outside"
        case "not_known":
            return "not known: nothing was said of where that lives"


def _torn_down(after: float | None, after_abort: float | None) -> str:
    said = "is of this flow run alone: torn down from outside if what runs there has not ended"
    when = [f"{span(after)} after the cancel"] if after is not None else []
    if after_abort is not None and after_abort != after:
        when.append(f"{span(after_abort)} after an abort")
    within = f" {', or '.join(when)}" if when else " by the deadline"
    return f"{said}{within}; sooner if its runner is lost"


def _warning(hard: RunnerForecast) -> str:
    teardown = hard.teardown
    if teardown.fate == "torn_down" and teardown.reached is None:
        return f"not known whether somebody who ends what is in {teardown.scope} is here now"
    if teardown.reached is not False:
        return ""
    return f"nobody who ends what is in {teardown.scope} is here now"
