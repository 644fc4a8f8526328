"""What one hook is told of what there is, begun at what was kept."""

from typing import Any, cast

import pytest

from rescind.events.hooks import HookKind
from rescind.kafka.records import Record
from rescind.processors.hooking.desk import Desk
from rescind.processors.hooking.lanes import Lanes
from rescind.processors.hooking.ledger import Saved
from rescind.processors.hooking.notices import Notice
from rescind.settings.hooks import Hook
from tests.unit.processors.desk import NAMES, written
from tests.unit.processors.desk import Desk as Lifecycle

LATER_MS = 4_102_444_800_000


class Told:
    """In place of lanes: what is told is known, and nothing is taken before `take`."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    def put(self, notice: Notice) -> None:
        self.notices.append(notice)

    @property
    def kinds(self) -> list[str]:
        return [notice.event.type.value for notice in self.notices]


def began(hook: Hook, saved: Saved) -> tuple[Desk, Told]:
    told = Told()
    desk = Desk(hook, {0: saved})
    desk.lanes = cast(Lanes, told)
    return desk, told


@pytest.fixture
def story() -> list[Record]:
    """The records of a cancellation that has begun."""
    life = Lifecycle()
    life.put({"type": "runner.register", "runner_id": "r"}, lane="start")
    about: dict[str, Any] = {"flow_run_id": "f", "runner_id": "r"}
    named = {"name": "nightly", "namespace": "etl", "labels": {"team": "a"}}
    life.put({"type": "flow.register", **about, **named}, lane="start")
    life.put({"type": "flow.start", **about, "body": {"task_run_id": "b"}}, lane="start")
    out = written(life.put({"type": "flow.cancel", "flow_run_id": "f"}), NAMES.cancellations)
    return [Record(r.topic, 0, n, 0, r.key, r.value, r.headers) for n, r in enumerate(out)]


def read(desk: Desk, records: list[Record]) -> None:
    for record in records:
        desk.read(record)
        desk.read_up_to(0, record.offset + 1)


def test_only_what_is_open_is_told_again_after_a_restart(story: list[Record]) -> None:
    first, told = began(Hook(), Saved(0))
    read(first, story)
    (notice,) = told.notices
    first.ended(notice)

    second, again = began(Hook(), first.to_keep(all_of_it=True)[0])
    read(second, story)
    assert again.kinds == []
    assert second.due(LATER_MS) == {0}
    second.strike(0, LATER_MS)

    assert again.kinds == ["flow.stuck"]
    second.ended(again.notices[0])
    assert second.to_keep(all_of_it=True)[0] == Saved(len(story))


@pytest.mark.parametrize(
    "filters,is_told",
    [
        ({}, True),
        ({"namespaces": ("etl", "x")}, True),
        ({"namespaces": ("x",)}, False),
        ({"labels": {"team": "a"}}, True),
        ({"labels": {"team": "b"}}, False),
        ({"events": (HookKind.STUCK,)}, False),
    ],
)
def test_a_hook_is_told_of_what_it_wants_alone(
    story: list[Record], filters: dict[str, Any], is_told: bool
) -> None:
    desk, told = began(Hook(**filters), Saved(0))
    read(desk, story)

    assert told.kinds == (["flow.cancelling"] if is_told else [])


def test_a_hook_that_wants_no_alarms_waits_for_none(story: list[Record]) -> None:
    desk, told = began(Hook(events=(HookKind.CANCELLING,)), Saved(0))
    read(desk, story)
    desk.ended(told.notices[0])

    assert desk.due(LATER_MS) == set()
    assert desk.to_keep(all_of_it=True) == {0: Saved(len(story))}


def test_how_far_it_is_behind_counts_from_what_is_open(story: list[Record]) -> None:
    desk, _ = began(Hook(), Saved(0))
    read(desk, story)

    assert desk.behind({0: len(story), 1: 50}) == len(story)
