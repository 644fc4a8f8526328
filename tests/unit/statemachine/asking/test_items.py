"""A request with a list: each item has its events or its refusal, and nothing is left out."""

import pytest

from rescind.events.journal import Entry
from rescind.events.requests import (
    AnyRequest,
    Step,
    TaskEnd,
    TaskFinish,
    TaskRegister,
    TaskSpec,
    TaskStart,
    TaskStopping,
    TaskToStart,
)
from rescind.events.requests.base import ITEMS_MAX
from rescind.events.words import End, Rung
from tests.scenario import Scenario, given
from tests.words import A, B, cancel, flow, granted, other_runner, registered, runner, with_body
from tests.world import RUN

IDS = tuple(f"t{number}" for number in range(ITEMS_MAX))
WRONG = {3: "t9999", 250: "t9998", 499: "t9997"}


def begun() -> Scenario:
    return given(runner, other_runner, flow, with_body)


def sources(entries: list[Entry]) -> list[tuple[int, int]]:
    return [(entry.source.nth, entry.source.of) for entry in entries if entry.source is not None]


def with_three_wrong() -> list[str]:
    return [WRONG.get(number, name) for number, name in enumerate(IDS)]


def test_of_500_starts_three_are_wrong_and_each_has_exactly_one_outcome() -> None:
    asked = begun().when(registered(*IDS))
    items = tuple(TaskToStart(task_run_id=name) for name in with_three_wrong())

    asked.when(TaskStart(flow_run_id=RUN, runner_id=A, items=items))

    assert len(asked.entries) == 500
    assert sources(asked.entries) == [(nth, 500) for nth in range(500)]
    refused = {
        event.item: event.code.value
        for event in (entry.event for entry in asked.entries)
        if event.type == "request.refused.v1"
    }
    assert refused == dict.fromkeys(WRONG, "unknown_task")
    assert [entry.task_run_id for entry in asked.entries] == [
        WRONG.get(number, name) for number, name in enumerate(IDS)
    ]


def test_of_500_ends_three_are_wrong_and_the_rest_count() -> None:
    asked = begun().when(registered(*IDS), granted(*IDS))
    items = tuple(TaskEnd(task_run_id=name, end=End.SUCCESS) for name in with_three_wrong())

    asked.when(TaskFinish(flow_run_id=RUN, runner_id=A, items=items))

    assert sources(asked.entries) == [(nth, 500) for nth in range(500)]
    assert asked.world.flow().tally.succeeded == 497
    assert asked.world.flow().running == 3 + 1


def test_an_item_with_two_events_counts_as_two_entries_of_one_outcome() -> None:
    asked = begun().when(registered("t1"), granted("t1"), cancel)

    asked.when(registered("t2", "t1", "t3")).then(
        "task.registered t2",
        "task.cancelled t2 never_started",
        "request.refused duplicate",
        "task.registered t3",
        "task.cancelled t3 never_started",
    )
    assert sources(asked.entries) == [(nth, 5) for nth in range(5)]
    assert asked.refusals()[0].item == 1


def test_an_item_is_decided_on_what_the_items_before_it_have_left() -> None:
    begun().when(registered("t1", "t1")).then("task.registered t1", "request.refused duplicate")
    begun().when(registered("t1"), granted("t1", "t1")).then(
        "task.started t1", "request.refused duplicate"
    )


def test_the_one_item_of_a_list_is_named_too() -> None:
    asked = begun().when(granted("t9")).then_refused("unknown_task")

    assert asked.refusals()[0].item == 0


def test_what_follows_comes_after_the_whole_outcome() -> None:
    asked = begun().when(registered("t1", "t2"), granted("t1", "t2"), cancel)
    asked.when(
        TaskFinish(
            flow_run_id=RUN,
            runner_id=A,
            items=tuple(TaskEnd(task_run_id=n, end=End.SUCCESS) for n in ("t1", "t2", "body")),
        )
    )

    asked.then(
        "task.succeeded t1",
        "task.succeeded t2",
        "task.succeeded body",
        "flow.body_finished",
        "flow.cancelled",
    )
    assert sources(asked.entries) == [(nth, 4) for nth in range(4)]


@pytest.mark.parametrize("kind", ["register", "start", "finish", "stopping"])
def test_every_kind_of_list_on_an_unknown_flow_run_is_refused_item_by_item(kind: str) -> None:
    names = ("t1", "t2")
    requests: dict[str, AnyRequest] = {
        "register": TaskRegister(
            flow_run_id=RUN, items=tuple(TaskSpec(task_run_id=name) for name in names)
        ),
        "start": TaskStart(
            flow_run_id=RUN, runner_id=B, items=tuple(TaskToStart(task_run_id=n) for n in names)
        ),
        "finish": TaskFinish(
            flow_run_id=RUN,
            runner_id=B,
            items=tuple(TaskEnd(task_run_id=name, end=End.SUCCESS) for name in names),
        ),
        "stopping": TaskStopping(
            flow_run_id=RUN,
            runner_id=B,
            items=tuple(Step(task_run_id=name, rung=Rung.FLAG, after_ms=0) for name in names),
        ),
    }

    asked = given().when(requests[kind]).then_refused("unknown_run", "unknown_run")

    assert [entry.task_run_id for entry in asked.entries] == ["t1", "t2"]
