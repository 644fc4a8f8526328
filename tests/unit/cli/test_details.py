import io

from rich.console import Console, RenderableType

from rescind.cli.printing.runs import flow_details, flows_table
from rescind.events.states import FlowState
from rescind.telling.words import day_and_clock
from tests.unit.cli.states import NOON, cancellation, flow


def shown(details: FlowState) -> str:
    return printed(flow_details(details, NOON))


def printed(what: RenderableType) -> str:
    console = Console(width=120, file=io.StringIO(), record=True)
    console.print(what)
    return console.export_text()


def test_who_has_not_acknowledged_is_named_while_that_is_waited_for() -> None:
    asked = cancellation(told=("runner-1", "runner-2"), acknowledged=("runner-1",))

    said = shown(flow(state="Running.Cancelling", cancellation=asked))

    assert "2 runners told, 1 acknowledged; not yet: runner-2" in said


def test_after_the_end_nobody_is_waited_for() -> None:
    asked = cancellation(told=("runner-1", "runner-2"), acknowledged=("runner-1",))

    said = shown(flow(state="Finished.Cancelled", cancellation=asked))

    assert "2 runners told" in said
    assert "not yet" not in said


def test_a_list_says_that_it_has_cut_a_reason() -> None:
    asked = cancellation(reason="the wrong date, and the wrong country as well")

    said = printed(flows_table([flow(cancellation=asked)], NOON))

    assert "“the wrong date, and the wrong country a…”" in said


def test_a_clock_that_strikes_on_another_day_says_so() -> None:
    asked = cancellation(wait_until=NOON + 86_400_000)

    said = shown(flow(state="Running.Cancelling", cancellation=asked))

    assert f"at the latest  {day_and_clock(NOON + 86_400_000)}, in 1 d" in said
