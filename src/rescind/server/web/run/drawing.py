"""A flow run over time, as places in a drawing: pure, and of a bounded size whatever it shows.

Across, a place is a share of the width in percent, so that the drawing fits any width without
a script and its words keep their size. Down, it is pixels.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from rescind.events.states import TaskState
from rescind.events.words import End, How
from rescind.server.readmodel.queries.answers import TaskGroup
from rescind.server.web.shared.words import ENDS, duration, how_it_ended, state_word

__all__ = ["BARS_MAX", "Bar", "Drawing", "Mark", "draw", "span_of_groups", "span_of_task"]

BARS_MAX: Final = 40
"""More task runs than this are drawn as groups of those that are alike."""

_LANE: Final = 34
_MARK: Final = 18
_TICKS: Final = 4
_NARROWEST: Final = 0.4


class Span(NamedTuple):
    """Something that took time, in milliseconds since 1970; None: not begun, or not over.

    ``said``: its state and how long it took; ``way``: how it was cancelled.
    """

    label: str
    said: str
    look: str
    started_ms: int | None
    finished_ms: int | None
    way: str = ""


class Bar(NamedTuple):
    """A span in its place. ``is_empty``: it never ran; it has waited for so long, or is shown as
    the moment at which it was over.
    """

    label: str
    said: str
    look: str
    x: float
    width: float
    y: int
    is_empty: bool
    way: str = ""

    @property
    def is_moment(self) -> bool:
        return self.is_empty and self.width <= _NARROWEST


class Mark(NamedTuple):
    """A moment: a line from top to bottom, with a word at its own height beside it."""

    word: str
    look: str
    at_ms: int
    x: float = 0.0
    y: int = 0
    is_left: bool = False


class Tick(NamedTuple):
    """A line of the scale, and how long after the beginning it is."""

    x: float
    said: str


class Drawing(NamedTuple):
    """All of it. ``top`` is where the lanes begin, ``floor`` where they end."""

    bars: Sequence[Bar]
    marks: Sequence[Mark]
    ticks: Sequence[Tick]
    top: int
    floor: int
    height: int


def draw(spans: Sequence[Span], marks: Sequence[Mark], from_ms: int, until_ms: int) -> Drawing:
    """Spans from top to bottom. Whatever is still going on goes on to the end of the drawing."""
    length = max(1, until_ms - from_ms)

    def across(at_ms: int) -> float:
        return round(100 * min(max(at_ms - from_ms, 0), length) / length, 3)

    top = _MARK * len(marks) + 8
    bars: list[Bar] = []
    for lane, span in enumerate(spans):
        begun = span.started_ms if span.started_ms is not None else span.finished_ms
        x = across(from_ms if begun is None else begun)
        end = across(until_ms if span.finished_ms is None else span.finished_ms)
        width = max(_NARROWEST, round(end - x, 3))
        is_empty = span.started_ms is None
        x = min(x, 100 - _NARROWEST)
        y = top + lane * _LANE
        bars.append(Bar(span.label, span.said, span.look, x, width, y, is_empty, span.way))
    placed = [
        mark._replace(x=across(mark.at_ms), y=row * _MARK + 13, is_left=across(mark.at_ms) > 50)
        for row, mark in enumerate(sorted(marks, key=lambda one: one.at_ms))
    ]
    floor = top + _LANE * max(1, len(spans))
    ticks = [
        Tick(100 * n / _TICKS, duration(length * n // _TICKS) if n else "0 s")
        for n in range(_TICKS + 1)
    ]
    return Drawing(bars, placed, ticks, top, floor, floor + 22)


def span_of_task(
    task: TaskState, now_ms: int, interrupts: bool | None = None, late: End | None = None
) -> Span:
    """``late``: the end that was reported when it was over."""
    word, look = state_word(task.state)
    label = "the flow's own code" if task.kind == "body" else task.task_run_id
    # A grant that was given back is a time, and no start.
    started = None if task.how is How.NEVER_STARTED else task.started_at
    way = "" if task.how is None else how_it_ended(task.how, 1, interrupts)
    came = "" if late is None else f"{state_word(ENDS[late]).word} came too late"
    said = _said(word, _how_long(started, task.finished_at, now_ms), came)
    return Span(label, said, look, started, task.finished_at, way)


def span_of_groups(
    groups: Iterable[TaskGroup], now_ms: int, interrupts: bool | None = None
) -> list[Span]:
    """One span of each group; if those are too many, of each state and way to end."""
    known = list(groups)
    merged: defaultdict[tuple[str, str, How | None], list[TaskGroup]] = defaultdict(list)
    for group in known:
        name = group.name if len(known) <= BARS_MAX else ""
        merged[name, group.state, group.how].append(group)
    return [_span(key, alike, now_ms, interrupts) for key, alike in merged.items()]


def _span(
    key: tuple[str, str, How | None],
    alike: Sequence[TaskGroup],
    now_ms: int,
    interrupts: bool | None,
) -> Span:
    name, state, how = key
    word, look = state_word(state)
    started = [group.started_at_ms for group in alike if group.started_at_ms is not None]
    finished = [group.finished_at_ms for group in alike if group.finished_at_ms is not None]
    is_over = state.startswith("Finished")
    began, ended = min(started, default=None), max(finished, default=None) if is_over else None
    count, late = sum(group.count for group in alike), sum(group.late for group in alike)
    label = f"{name} ({count:,})" if name else f"{count:,} task runs"
    # Apart: a phone has no room for it, and the table has it.
    way = "" if how is None else how_it_ended(how, count, interrupts)
    came = f"{late:,} reported too late" if late else ""
    said = _said(word, _how_long(began, ended, now_ms), came)
    return Span(label, said, look, began, ended, way)


def _said(word: str, took: str, late: str) -> str:
    return ", ".join(part for part in (word, took, late) if part)


def _how_long(started_ms: int | None, finished_ms: int | None, now_ms: int) -> str:
    if started_ms is None:
        return ""
    return duration((now_ms if finished_ms is None else finished_ms) - started_ms)
