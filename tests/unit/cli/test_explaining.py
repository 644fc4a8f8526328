"""A flow run's story in sentences, from its entries alone."""

from hypothesis import given
from hypothesis import strategies as st

from rescind.cli.printing.explaining import explain
from rescind.events.journal import Entry
from rescind.events.refusals import Code
from rescind.events.requests import ExecutorReport, RequestDenied, TaskCleanup
from rescind.events.words import Actor
from tests.scenario import Step, swept
from tests.scenario import given as past
from tests.strategies import entries
from tests.words import (
    abort,
    acknowledged,
    body_ended,
    cancel,
    cancel_task,
    ended,
    flow,
    granted,
    lost,
    registered,
    runner,
    stopped,
    with_body,
)
from tests.world import RUN

BEGUN = (runner, flow, with_body, registered("t1", "t2", "t3"), granted("t1", "t2"))


def story(*steps: Step) -> str:
    """All that the journal has, in sentences."""
    return "\n".join(explain(past(*steps).world.journal))


@given(st.lists(entries(), max_size=12))
def test_whatever_a_journal_holds_each_sentence_is_one_printable_line(found: list[Entry]) -> None:
    for sentence in explain(found):
        assert sentence.isprintable()
        assert sentence.strip()


def test_a_cancelled_flow_run_is_told_from_its_registration_to_its_end() -> None:
    said = story(
        *BEGUN,
        cancel,
        swept,
        acknowledged("t1", "t2", "body"),
        stopped("t1"),
        ended("t2"),
        body_ended(),
    )

    lines = said.splitlines()
    assert "was registered at" in lines[0]
    assert lines[1].startswith("Runner runner-a began it at ")
    assert "asked to cancel it: “enough”." in said
    assert "1 runner that held a piece of it was told." in said
    assert "1 acknowledged, the last after " in said
    assert "1 task run had nothing running and never will." in said
    assert "\nt1: cancelled, graceful" in said
    assert "\nt2: succeeded" in said
    assert "\nits body: " in said
    assert "it was Cancelled: 1 stopped, 1 never started, 1 succeeded" in lines[-1]


def test_one_that_was_over_at_once_has_who_asked_and_why_too() -> None:
    lines = story(flow, cancel.model_copy(update={"bulk_id": "b-1"})).splitlines()

    assert " asked to cancel it, in the bulk cancellation b-1: “enough”." in lines[1]
    assert lines[2] == "Nothing of it ran."
    assert "it was Cancelled: no task runs" in lines[-1]


def test_a_task_run_that_was_cancelled_alone_has_who_asked_why_and_how_it_ended() -> None:
    alone = (cancel_task("t1", reason="hangs"), stopped("t1"), cancel_task("t3", reason="late"))

    said = story(*BEGUN, *alone)
    assert " somebody asked to cancel t1 alone: “hangs”.\nt1: cancelled, graceful" in said
    assert " somebody asked to cancel t3 alone: “late”.\nt3: cancelled, never_started" in said
    assert said.endswith("It has not ended, and nobody has asked to cancel it as a whole.")

    after = story(*BEGUN, *alone, cancel, swept, stopped("t2"), body_ended())
    assert after.count("\nt1: ") == 1
    assert after.index("cancel t1 alone") < after.index("asked to cancel it: “enough”")


def test_what_an_executor_warned_of_and_what_came_of_a_clean_up_are_told() -> None:
    warning = ExecutorReport(
        flow_run_id=RUN, runner_id="runner-a", executor="dask", outcome="warning", message="not all"
    )
    failure = warning.model_copy(update={"outcome": "failed", "message": "no route"})
    begun = TaskCleanup(
        flow_run_id=RUN, runner_id="runner-a", task_run_id="t1", outcome="started", after_ms=40
    )
    failed = begun.model_copy(update={"outcome": "failed", "message": "disk full"})

    said = story(*BEGUN, cancel, warning, failure, begun, failed, stopped("t1"))

    assert ": dask warns: not all." in said
    assert ": dask failed: no route." in said
    assert "\nt1: clean-up failed after 40 ms: disk full, cancelled, graceful" in said


def test_what_nobody_has_seen_stop_is_named_and_said_to_be_able_to_run_on() -> None:
    said = story(*BEGUN, cancel, lost())

    assert "Never acknowledged: runner-a." in said
    assert "Nobody has seen these stop: its body, t1, t2. They may still run." in said


def test_a_repeat_and_an_abort_are_told_and_the_first_request_stays_the_first() -> None:
    again = cancel.model_copy(update={"request_id": "cancel-2", "reason": "more"})
    world = past(*BEGUN, cancel).when(again)
    assert [refused.code for refused in world.refusals()] == [Code.ALREADY_CANCELLING]

    said = story(*BEGUN, cancel, again, abort)

    assert "asked to cancel it: “enough”." in said
    assert "It was asked 1 more time meanwhile, which changed nothing." in said
    assert "abort asked by " in said


def test_one_that_goes_on_says_what_it_waits_for() -> None:
    assert "nobody has asked to cancel it" in story(*BEGUN)

    said = story(*BEGUN, cancel, swept, acknowledged("t1", "t2", "body"), stopped("t1"))
    assert said.splitlines()[-1] == "It has not ended yet: it waits for its body, t2."


def test_who_was_turned_away_is_named_with_why_before_the_end_and_after_it() -> None:
    mallory = Actor(kind="user", id="mallory")
    denied = RequestDenied(
        flow_run_id=RUN, asked="POST /flow-runs/ID/cancel", permission="cancel", actor=mallory
    )
    late = cancel.model_copy(update={"request_id": "cancel-2", "actor": mallory})

    said = story(*BEGUN, denied)
    assert " mallory (unverified) was denied POST /flow-runs/ID/cancel: cancel is missing." in said
    assert "nobody has asked" not in said
    assert said.endswith("It has not ended, and is not being cancelled.")

    lines = story(runner, flow, cancel, late).splitlines()
    assert " mallory" in lines[-1]
    assert " asked to cancel it and was refused already_finished: expected " in lines[-1]


def test_a_report_that_came_too_late_is_told_to_have_changed_nothing() -> None:
    said = story(*BEGUN, cancel, lost(), ended("t1"))

    assert "What came after that changed nothing: late report of runner-a: success" in said


def test_a_cancel_that_came_before_the_registration_is_told_first() -> None:
    lines = story(cancel, flow).splitlines()

    assert lines[0].endswith(" asked to cancel it before anybody knew it: “enough”.")
    assert "it was Cancelled: no task runs" in lines[-1]
