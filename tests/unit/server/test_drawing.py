"""The drawing of a flow run over time: where things are in it, and that it stays small."""

from dataclasses import replace

from rescind.events.words import How
from rescind.server.readmodel.queries.answers import TaskGroup
from rescind.server.web.run.drawing import BARS_MAX, Mark, Span, draw, span_of_groups

NOON = 1_772_366_400_000


def group(name: str, state: str, how: How | None = None, count: int = 1) -> TaskGroup:
    finished = NOON + 4_000 if state.startswith("Finished") else None
    return TaskGroup(name, state, how, count, 0, NOON, finished)


def test_a_bar_begins_and_ends_where_its_time_does() -> None:
    spans = [Span("load", "", "success", NOON + 1_000, NOON + 3_000)]

    (bar,) = draw(spans, [], NOON, NOON + 4_000).bars

    assert (bar.x, bar.width, bar.is_empty) == (25.0, 50.0, False)


def test_what_goes_on_goes_on_to_the_end_and_what_never_ran_is_a_mark_where_it_ended() -> None:
    spans = [
        Span("runs", "", "running", NOON + 1_000, None),
        Span("never", "", "cancelled", None, NOON + 2_000),
    ]

    runs, never = draw(spans, [], NOON, NOON + 4_000).bars

    assert (runs.x, runs.width) == (25.0, 75.0)
    assert (never.x, never.is_empty, never.is_moment) == (50.0, True, True)
    assert not runs.is_moment
    assert 0 < never.width < 2


def test_marks_of_one_moment_stand_at_heights_of_their_own_above_the_bars() -> None:
    marks = [Mark("told", "told", NOON + 1), Mark("asked", "asked", NOON)]

    drawing = draw([Span("load", "", "running", NOON, None)], marks, NOON, NOON + 1_000)

    assert [mark.word for mark in drawing.marks] == ["asked", "told"]
    assert len({mark.y for mark in drawing.marks}) == 2
    assert max(mark.y for mark in drawing.marks) < drawing.top


def test_everything_stays_within_the_drawing_whatever_clocks_have_said() -> None:
    spans = [
        Span("before", "", "success", NOON - 5_000, NOON - 4_000),
        Span("after", "", "success", NOON + 9_000, NOON + 10_000),
    ]

    for bar in draw(spans, [], NOON, NOON + 4_000).bars:
        assert bar.x >= 0
        assert bar.x + bar.width <= 100
    assert draw(spans, [], NOON, NOON).bars


def test_what_came_late_is_said_with_its_group() -> None:
    late = group("load", "Finished.Cancelled", How.DEADLINE, count=3)

    (span,) = span_of_groups([replace(late, late=2)], NOON)

    assert span.said == "Cancelled, 4.0 s, 2 reported too late"
    assert span.way == "given up at their deadline"


def test_task_runs_without_number_are_a_few_bars_with_all_of_them_counted() -> None:
    many = [group(f"load-{n}", "Finished.Success") for n in range(10_000)]
    many += [group(f"stop-{n}", "Finished.Cancelled", How.FORCED) for n in range(500)]

    spans = span_of_groups(many, NOON)

    assert [span.label for span in spans] == ["10,000 task runs", "500 task runs"]
    few = [group("load", "Finished.Success", count=9_000), group("load", "Running")]
    assert [span.label for span in span_of_groups(few, NOON)] == ["load (9,000)", "load (1)"]
    assert len(span_of_groups(many[:BARS_MAX], NOON)) == BARS_MAX
