"""Every event has words, and no event can break a terminal or a line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rescind.cli.printing.lines import is_news, journal_line, story_line
from rescind.events.describe import event_classes
from rescind.events.journal import Account, Entry, Event, RequestRefused
from rescind.events.requests import RequestDenied, TaskCancel
from rescind.events.words import Actor
from rescind.telling.story import style_of, tell
from rescind.telling.story_of_runs import account_in_words
from tests.scenario import given as past
from tests.strategies import entries
from tests.words import (
    abort,
    acknowledged,
    cancel,
    cancel_task,
    flow,
    granted,
    registered,
    runner,
    started,
    stopped,
)
from tests.world import RUN


@given(entries())
def test_any_entry_is_one_printable_line(entry: Entry) -> None:
    for said in (tell(entry), journal_line(entry).plain, story_line(entry, entry.at_ms).plain):
        assert said.isprintable()
        assert said.strip()


@given(entries(RequestRefused), st.sampled_from(["\x1b[2J", "a\nb", "\x1f"]))
def test_a_type_of_request_that_somebody_made_up_breaks_no_line(entry: Entry, odd: str) -> None:
    refused = entry.event.model_copy(update={"request_type": odd})

    assert tell(entry._replace(event=refused)).isprintable()


@pytest.mark.parametrize("kind", event_classes(), ids=lambda kind: kind.__name__)
@settings(max_examples=10)
@given(data=st.data())
def test_each_kind_of_event_has_words_of_its_own(kind: type[Event], data: st.DataObject) -> None:
    entry = data.draw(entries(kind))

    assert tell(entry)
    assert isinstance(style_of(entry.event), str)


def test_who_was_turned_away_is_named() -> None:
    mallory = Actor(kind="user", id="mallory")
    denial = RequestDenied(flow_run_id=RUN, asked="flow.cancel", permission="cancel", actor=mallory)
    (denied,) = past(runner, flow).when(denial).entries
    of_none = TaskCancel(flow_run_id=RUN, task_run_id="none", actor=mallory)
    (refused,) = past(runner, flow).when(of_none).entries

    assert tell(denied) == "flow.cancel denied to mallory (unverified): cancel is missing"
    assert tell(refused).startswith("task.cancel of mallory")
    assert " refused unknown_task: " in tell(refused)


def test_a_watcher_reads_who_asked_who_was_told_and_what_became_of_it() -> None:
    world = past(runner, flow, started, registered("t1", "t2"), granted("t1"))
    story = world.when(cancel).entries + world.when(acknowledged("t1")).entries
    story += world.when(stopped("t1")).entries

    lines = [tell(entry) for entry in story if is_news(entry)]

    assert lines[0].startswith("cancel asked by ")
    assert lines[1].startswith("told ")
    assert "holds 1" in lines[2]
    assert lines[-1].startswith("cancelled: 1 stopped, 1 never started")


def test_stopped_is_said_of_nothing_that_nobody_has_seen_stop() -> None:
    one_goes_on = Account(cancelled=1, unconfirmed=1, took_ms=3_000)
    assert account_in_words(one_goes_on) == "1 given up, not seen to stop, in 3.0 s"

    two_of_three = Account(cancelled=3, never_started=4, unconfirmed=1, took_ms=3_000)
    assert account_in_words(two_of_three).startswith(
        "2 stopped, 4 never started, 1 given up, not seen to stop, in "
    )

    crashed_before = Account(failed=1, unconfirmed=1, took_ms=3_000)
    assert "stopped" not in account_in_words(crashed_before)


def test_a_watcher_reads_who_asked_also_where_nothing_ran_or_nobody_knew_it() -> None:
    of_many = cancel.model_copy(update={"bulk_id": "b-1"})
    at_once = past(flow).when(of_many).entries
    asked = past(runner, flow, started, registered("t1"), granted("t1")).when(of_many).entries
    aborted = past(runner, flow, started, registered("t1"), granted("t1"), cancel).when(abort)
    armed = past().when(cancel).entries

    assert tell(at_once[-1]) == (
        "cancelled: no task runs, in 0 ms; asked by somebody, "
        "in the bulk cancellation b-1: “enough”"
    )
    assert tell(asked[0]).startswith(
        "cancel asked by somebody, in the bulk cancellation b-1: “enough”; graceful"
    )
    assert tell(aborted.entries[0]).startswith("abort asked by somebody; deadline ")
    assert tell(armed[0]).endswith("; asked by somebody: “enough”")


def test_a_watcher_reads_who_had_a_task_run_cancelled_that_was_not_running() -> None:
    world = past(flow, registered("t1")).when(cancel_task("t1", reason="not needed"))

    (line,) = [tell(entry) for entry in world.entries if is_news(entry)]

    assert line.startswith("cancelled, never_started; cancel asked by ")
    assert "not needed" in line


def test_without_task_runs_nothing_is_said_of_the_body() -> None:
    """It is in no account, and it may be all that was running."""
    assert account_in_words(Account(took_ms=3_000)) == "no task runs, in 3.0 s"
