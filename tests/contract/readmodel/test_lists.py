"""Lists in pages: each row once, as it is, in its order, whatever moves meanwhile."""

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import TypeVar

import pytest

from rescind.errors import CursorError
from rescind.events.requests import FlowRegister
from rescind.events.states import FlowState
from rescind.events.words import StreamKind
from rescind.server.readmodel.queries.answers import FlowRunRow
from rescind.server.readmodel.queries.flows import FlowFilter
from rescind.server.readmodel.queries.pages import Page
from rescind.server.readmodel.reading import ReadModel
from tests.contract.readmodel.tables import Told
from tests.model.driver import live
from tests.scenario import given, later
from tests.words import A, cancel, flow, granted, lost, registered, runner, with_body
from tests.world import NOON_MS, RUN

T = TypeVar("T")


def every(page: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """The items of all pages."""
    cursor: str | None = None
    while True:
        found = page(cursor)
        yield from found.items
        cursor = found.cursor
        if cursor is None:
            return


def test_states_are_those_of_the_state_topics(model: Told) -> None:
    shell = live(8, 200)
    model.tell_entries(shell.world.journal)
    read = ReadModel(model.database)

    for flow_run_id, known in shell.world.base.flows.items():
        details = read.flow_run(flow_run_id)
        assert details is not None
        written = FlowState.model_validate_json(shell.world.written.flow_states[flow_run_id])
        # The record of a flow run is not written with each event of its task runs.
        assert details.row.state.model_copy(update={"version": written.version}) == written
        assert (details.row.pending, details.row.running) == (known.pending, known.running)


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_pages_have_each_flow_run_once_and_the_latest_first(model: Told, limit: int) -> None:
    registered_at = a_crowd(model, 40)
    read = ReadModel(model.database)

    found = [row.state for row in every(lambda at: read.flow_runs(limit=limit, cursor=at))]

    expected = sorted(registered_at, key=lambda known: (registered_at[known], known), reverse=True)
    assert [state.flow_run_id for state in found] == expected


def test_what_moves_between_two_pages_is_neither_skipped_nor_shown_twice(model: Told) -> None:
    scenario = given(runner, *(FlowRegister(flow_run_id=f"run-{n}") for n in range(30)))
    model.tell_entries(scenario.world.journal)
    read = ReadModel(model.database)
    first = read.flow_runs(limit=10)

    known = len(scenario.world.journal)
    moved = [
        step.model_copy(update={"flow_run_id": f"run-{n}", "request_id": f"{step.type}-{n}"})
        for n in range(30)
        for step in (with_body, cancel)
    ]
    scenario.when(*moved, later(5), FlowRegister(flow_run_id="newer"))
    model.tell_entries(scenario.world.journal[known:])

    rest = list(every(lambda at: read.flow_runs(limit=10, cursor=at or first.cursor)))
    ids = [row.state.flow_run_id for row in (*first.items, *rest)]
    assert sorted(ids) == sorted(f"run-{n}" for n in range(30))
    assert {row.state.state for row in rest} == {"Running.Cancelling"}


def test_filters_choose_and_cursors_keep_to_them(model: Told) -> None:
    a_crowd(model, 40)
    read = ReadModel(model.database)
    everything = [row.state for row in every(lambda at: read.flow_runs(limit=100, cursor=at))]

    choices: list[tuple[FlowFilter, Callable[[FlowState], bool]]] = [
        (FlowFilter(states=("Running",)), lambda state: state.is_running),
        (FlowFilter(states=("Pending", "Finished")), lambda state: not state.is_running),
        (FlowFilter(states=("Running.Cancelling",)), lambda state: state.is_cancelling),
        (FlowFilter(states=("Rnning",)), lambda _: False),
        (FlowFilter(name="name-1"), lambda state: state.name == "name-1"),
        (FlowFilter(namespace="space-0"), lambda state: state.namespace == "space-0"),
        (FlowFilter(labels={"team": "a"}), lambda state: state.labels["team"] == "a"),
        (
            FlowFilter(labels={"team": "a", "odd": "1"}, states=("Running",)),
            lambda state: (
                (state.labels["team"], state.labels["odd"], state.is_running) == ("a", "1", True)
            ),
        ),
        (FlowFilter(text="RUN-1"), lambda state: "run-1" in state.flow_run_id),
        (FlowFilter(text="e-2"), lambda state: "e-2" in state.name),
        (FlowFilter(text="%"), lambda _: False),
        (
            FlowFilter(
                registered_from_ms=NOON_MS + 5_000,
                registered_before_ms=NOON_MS + 9_000,
                namespace="space-1",
            ),
            lambda state: (
                5_000 <= state.registered_at - NOON_MS < 9_000 and state.namespace == "space-1"
            ),
        ),
    ]
    for chosen, is_wanted in choices:
        found = every(partial(some_flow_runs, read, chosen))
        assert [row.state for row in found] == list(filter(is_wanted, everything)), chosen


def some_flow_runs(read: ReadModel, wanted: FlowFilter, cursor: str | None) -> Page[FlowRunRow]:
    return read.flow_runs(wanted, limit=3, cursor=cursor)


def a_crowd(model: Told, count: int) -> dict[str, int]:
    """Flow runs of all kinds, some a second later than others; when each was registered."""
    chance = Random(5)
    scenario = given(runner)
    for number in range(count):
        flow_run_id = f"run-{chance.randrange(10**9)}"
        scenario.when(
            FlowRegister(
                flow_run_id=flow_run_id,
                name=f"name-{number % 3}",
                namespace=f"space-{number % 2}",
                labels={"team": chance.choice("ab"), "odd": str(number % 2)},
            )
        )
        for step in ((), (with_body,), (with_body, cancel), (cancel,))[number % 4]:
            update = {"flow_run_id": flow_run_id, "request_id": f"{number}-{step.type}"}
            scenario.when(step.model_copy(update=update))
        if number % 3 == 0:
            scenario.when(later(1))
    model.tell_entries(scenario.world.journal)
    return {key: known.registered_ms for key, known in scenario.world.base.flows.items()}


def test_how_many_are_in_which_state_is_counted(model: Told) -> None:
    a_crowd(model, 40)
    read = ReadModel(model.database)

    assert read.count_flow_runs() == {
        "Pending": 10,
        "Running": 10,
        "Running.Cancelling": 10,
        "Finished.Cancelled": 10,
    }
    assert sum(read.count_flow_runs(FlowFilter(namespace="space-1")).values()) == 20


def test_task_runs_come_in_the_order_of_their_registration(model: Told) -> None:
    names = [f"t{n}" for n in (5, 3, 9, 1, 7)]
    scenario = given(runner, flow, with_body, registered(*names), granted("t9", "t5"))
    model.tell_entries(scenario.world.journal)
    read = ReadModel(model.database)

    def ids(*states: str) -> list[str]:
        pages = every(lambda at: read.task_runs(RUN, states, limit=2, cursor=at))
        return [task.task_run_id for task in pages]

    def having(text: str) -> list[str]:
        pages = every(lambda at: read.task_runs(RUN, (), text, limit=2, cursor=at))
        return [task.task_run_id for task in pages]

    assert ids() == ["body", *names]
    assert having("T") == names
    assert having("9") == ["t9"]
    assert having("%") == []
    assert read.count_task_runs(RUN) == {"Running": 3, "Pending": 3}
    assert read.count_task_runs(RUN, "t") == {"Running": 2, "Pending": 3}
    assert read.count_task_runs("nobody") == {}
    assert ids("Running") == ["body", "t5", "t9"]
    assert ids("Pending") == ["t3", "t1", "t7"]
    assert [task.task_run_id for task in read.held_by(A).items] == ["body", "t5", "t9"]


def test_ten_thousand_task_runs_are_a_few_groups(model: Told) -> None:
    scenario = given(runner, flow, with_body)
    for first in range(0, 10_000, 500):
        scenario.when(registered(*(f"t{n}" for n in range(first, first + 500))))
    model.tell_entries(scenario.when(granted("t1", "t2")).world.journal, batch=4_000)

    details = ReadModel(model.database).flow_run(RUN)

    assert details is not None
    assert [(group.state, group.count) for group in details.groups] == [
        ("Pending", 9_998),
        ("Running", 2),
    ]


def test_who_is_lost_leaves_ends_that_nobody_has_seen(model: Told) -> None:
    scenario = given(runner, flow, with_body, registered("t1", "t2"), granted("t1"), cancel)
    scenario.when(lost()).world.sweep_all()
    model.tell_entries(scenario.world.journal)
    read = ReadModel(model.database)

    unconfirmed = {task.task_run_id for task in read.unconfirmed().items}
    assert unconfirmed == {"body", "t1"}
    account = read.cancel_account(RUN)
    assert account is not None
    assert {how.value: count for how, count in account.ended.items()} == {
        "never_started": 1,
        "runner_lost": 1,
    }


def test_the_account_says_who_is_waited_for(model: Told) -> None:
    scenario = given(runner, flow, with_body, registered("t1", "t2"), granted("t1"), cancel)
    model.tell_entries(scenario.world.journal)

    account = ReadModel(model.database).cancel_account(RUN)

    assert account is not None
    assert (account.state, account.cancellation.reason) == ("Running.Cancelling", "enough")
    (waited,) = account.waited_for
    assert (waited.runner_id, waited.task_runs, waited.told) == (A, 2, True)
    assert not waited.acknowledged
    assert (waited.can_stop, waited.cannot_stop) == (None, ())


def test_the_timeline_is_the_journal_of_one_run(model: Told) -> None:
    scenario = given(runner, flow, with_body, registered("t1", "t2"), granted("t1"), cancel)
    model.tell_entries(scenario.world.journal)
    read = ReadModel(model.database)

    entries = [entry for entry in scenario.world.journal if entry.stream_id == RUN]
    story = list(every(lambda at: read.timeline(RUN, limit=3, cursor=at)))
    assert [event.value for event in story] == [entry.to_json() for entry in entries]
    of_t1 = [event.type for event in read.timeline(RUN, "t1").items]
    assert of_t1 == ["task.registered.v1", "task.started.v1"]
    newest = [event.value for event in every(lambda at: read.journal(limit=4, cursor=at))]
    assert newest == [entry.to_json() for entry in reversed(scenario.world.journal)]


def test_what_came_after_a_place_is_told_from_there(model: Told) -> None:
    scenario = given(runner, flow, with_body)
    model.tell_entries(scenario.world.journal)
    read = ReadModel(model.database)
    seen = read.events_after({0: 0, 1: 0}, limit=2)

    rest = read.events_after({0: seen[-1].offset + 1, 1: 0})

    told = [event.value for event in (*seen, *rest)]
    assert told == [entry.to_json() for entry in scenario.world.journal]
    assert read.events_after({0: 0}, (StreamKind.FLOW, "no-such-run")) == []


def test_a_request_that_could_not_be_read_is_among_the_dead_letters(model: Told) -> None:
    shell = live(4, 200)
    model.tell_entries(shell.world.journal)

    found = list(every(lambda at: ReadModel(model.database).dead_letters(limit=3, cursor=at)))

    codes = [getattr(entry.event, "code", None) for entry in shell.world.journal]
    assert len(found) == sum(code in {"unreadable", "internal_error"} for code in codes) > 0


@pytest.mark.parametrize("cursor", ["x", "!", "", "bnVsbA", "WzEsMl0", "W10", "WzFlOTksIngiXQ"])
def test_a_cursor_of_something_else_is_refused(model: Told, cursor: str) -> None:
    with pytest.raises(CursorError, match="the page before ended with"):
        ReadModel(model.database).flow_runs(cursor=cursor)


@pytest.mark.parametrize("words", ["'; DROP TABLE events; --", '" OR 1=1', "\0", "%", "\\"])
def test_words_are_values_and_never_part_of_a_question(model: Told, words: str) -> None:
    model.tell_entries(given(runner, flow, with_body).world.journal)
    read = ReadModel(model.database)

    everywhere = FlowFilter(name=words, namespace=words, text=words, states=(words,))
    assert read.flow_runs(everywhere).items == ()
    assert read.flow_runs(FlowFilter(labels={words: words}, parent_flow_run_id=words)).items == ()
    assert read.flow_run(words) is None
    assert read.timeline(words, words).items == ()
    assert read.task_runs(words, (words,)).items == ()
    assert len(read.flow_runs().items) == 1
