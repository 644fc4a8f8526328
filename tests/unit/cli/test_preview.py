"""What a cancel would do, said before anybody asks for it."""

from typing import Any

from rescind.cli.foretelling.preview import what_would_happen
from rescind.server.api.reads.forecast import ChildrenForecast, Forecast


def said(**more: Any) -> str:
    known: dict[str, Any] = {
        "state": "Running",
        "can_cancel": True,
        "outcome": "cancelling",
        "reason": "what runs of it is asked to stop",
        "running": 0,
        "not_started": 0,
        "children_counts": ChildrenForecast(waited_for=0, asked=0, left_alone=0),
    }
    # The rest of it is of no account here.
    return what_would_happen(Forecast.model_construct(set(known), **(known | more)))


def test_what_runs_and_what_waits_is_counted() -> None:
    assert said(running=3, not_started=2) == (
        "is Running: what runs of it is asked to stop "
        "(3 task runs running, 2 not to start any more)"
    )
    assert said(running=1).endswith("(1 task run running)")


def test_what_does_not_run_is_said_to() -> None:
    assert said(state="Pending", outcome="cancelled").endswith("(nothing running)")


def test_a_child_that_runs_is_not_nothing() -> None:
    children = ChildrenForecast(waited_for=1, asked=0, left_alone=1)

    assert said(children_counts=children).endswith("(2 child flow runs running)")


def test_what_waits_for_its_next_attempt_has_started() -> None:
    assert said(state="Pending.Retrying", not_started=1).endswith(
        "(nothing running, not tried again)"
    )


def test_a_refusal_says_why() -> None:
    refused = said(state="Finished.Success", outcome="already_finished", reason="it has ended")

    assert refused == "is Finished.Success: it would be refused: it has ended"


def test_asking_again_changes_nothing() -> None:
    again = said(state="Running.Cancelling", outcome="already_cancelling", reason="it is under way")

    assert again == "is Running.Cancelling: asking again changes nothing: it is under way"


def test_what_nobody_knows_is_armed() -> None:
    armed = said(
        state=None, outcome="armed", reason="nobody knows it yet; if it registers it is cancelled"
    )

    assert armed == "is known to nobody: if it registers it is cancelled"
