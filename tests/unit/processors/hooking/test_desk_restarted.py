"""Whenever a hook's courier is away, it tells what one that never was away tells, and that once."""

import math
import random
from collections import Counter

import pytest

from rescind.kafka.records import Record
from rescind.processors.hooking import desk as desk_module
from rescind.processors.hooking.desk import Desk
from rescind.processors.hooking.ledger import Saved
from rescind.settings.hooks import Hook
from tests.unit.processors.desk import NAMES, written
from tests.unit.processors.desk import Desk as Lifecycle
from tests.unit.processors.hooking.test_desk import Told, began, read

FLOWS = 25
Step = tuple[int, list[Record]]


def story(chance: random.Random) -> list[Step]:
    """What is written in each step, and the broker's time after it."""
    life, steps, log = Lifecycle(), list[Step](), list[Record]()
    life.put({"type": "runner.register", "runner_id": "r"}, lane="start")
    for number in range(FLOWS):
        about = {"flow_run_id": f"f{number}", "runner_id": "r"}
        life.put({"type": "flow.register", **about}, lane="start")
        body = {"task_run_id": "b"}
        life.put({"type": "flow.start", **about, "body": body}, lane="start")
    for number in range(300):
        life.now_ms += chance.randint(0, 2_000)
        out = life.put(request(chance, number))
        here = [
            Record(r.topic, 0, len(log) + n, 0, r.key, r.value, r.headers)
            for n, r in enumerate(written(out, NAMES.cancellations))
        ]
        log += here
        steps.append((life.now_ms, here))
    steps.append((life.now_ms + 10_000_000, []))
    return steps


def request(chance: random.Random, number: int) -> dict[str, object]:
    flow_run_id = f"f{chance.randrange(FLOWS)}"
    if chance.random() < 0.3:
        items = [{"task_run_id": "b", "end": "cancelled", "stopped_confirmed": True}]
        about = {"flow_run_id": flow_run_id, "runner_id": "r"}
        return {"type": "task.finish", **about, "items": items}
    return {
        "type": "flow.cancel",
        "flow_run_id": flow_run_id,
        "request_id": f"q{number}",
        "mode": chance.choice(["graceful", "abort"]),
        "deadline_seconds": chance.randint(2, 100),
    }


def take(desk: Desk, told: Told, chance: random.Random) -> list[str]:
    """Some of what is told is taken, in any order."""
    taken: list[str] = []
    while told.notices and chance.random() < 0.8:
        notice = told.notices.pop(chance.randrange(len(told.notices)))
        desk.ended(notice)
        taken.append(notice.event.id)
    return taken


@pytest.fixture(autouse=True, params=[1, 200], ids=["one", "all"])
def _at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "STRIKES_AT_ONCE", request.param)


def look(desk: Desk, now_ms: int, most: float = math.inf) -> None:
    times = 0
    while desk.due(now_ms) and times < most:
        desk.strike(0, now_ms)
        times += 1


def all_of(steps: list[Step]) -> set[str]:
    desk, told = began(Hook(), Saved(0))
    for now_ms, records in steps:
        read(desk, records)
        look(desk, now_ms)
    return {notice.event.id for notice in told.notices}


@pytest.mark.parametrize("seed", range(40))
def test_through_any_restarts_each_is_told_once(seed: int) -> None:
    chance = random.Random(seed)  # The seed is in the test's name.
    steps = story(chance)
    log = [record for _, records in steps for record in records]
    desk, told = began(Hook(), Saved(0))
    taken: list[str] = []
    end, position = 0, 0
    for now_ms, records in steps:
        end += len(records)
        if chance.random() < 0.1:
            saved = desk.to_keep(all_of_it=True)[0]
            desk, told = began(Hook(), saved)
            position = saved.offset
        if chance.random() < 0.4:
            continue  # It is away, or slow.
        upto = end if chance.random() < 0.7 else chance.randint(position, end)
        read(desk, log[position:upto])
        position = max(position, upto)
        if position == end:
            look(desk, now_ms, most=1)
        taken += take(desk, told, chance)
    read(desk, log[position:])
    look(desk, steps[-1][0])
    taken += [notice.event.id for notice in told.notices]

    expected = all_of(steps)
    assert any(each.endswith("stuck") for each in expected)
    assert set(taken) == expected
    assert set(Counter(taken).values()) == {1}
