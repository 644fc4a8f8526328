"""What the form says of who could tear down: somebody is here, nobody is, or it is not known."""

import pytest

from rescind.server.api.reads.forecast import (
    ChildrenForecast,
    Forecast,
    RunnerForecast,
    TeardownFate,
    TeardownForecast,
)
from rescind.server.web.cancelling.forecasting import teardown_lines


def forecast_of(fate: TeardownFate, reached: bool | None) -> Forecast:
    teardown = TeardownForecast(fate=fate, kind="docker", scope="engine:x", reached=reached)
    held = RunnerForecast(
        runner_id="a", task_runs=1, fate="killed", executor=None, survivors="", teardown=teardown
    )
    return Forecast(
        can_cancel=True,
        outcome="cancelling",
        reason="",
        code=None,
        state="Running",
        running=1,
        body_running=False,
        not_started=0,
        deadline_seconds=None,
        wait_seconds=None,
        runners=(held,),
        children=(),
        children_total=0,
        children_counts=ChildrenForecast(waited_for=0, asked=0, left_alone=0),
    )


NOBODY = "nobody who ends what is in engine:x is here now"
NOT_KNOWN = "not known whether somebody who ends what is in engine:x is here now"


@pytest.mark.parametrize(
    "fate, reached, warning",
    [
        ("torn_down", True, ""),
        ("torn_down", False, NOBODY),
        ("torn_down", None, NOT_KNOWN),
        ("shared", None, ""),
    ],
)
def test_nobody_is_here_is_said_only_where_that_is_known(
    fate: TeardownFate, reached: bool | None, warning: str
) -> None:
    (line,) = teardown_lines(None, forecast_of(fate, reached))

    assert line.warning == warning


def test_a_runner_is_called_as_whoever_reads_calls_it() -> None:
    (line,) = teardown_lines(None, forecast_of("torn_down", True), str.upper)

    assert line.what == "The docker of A"
