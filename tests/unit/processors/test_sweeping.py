"""What one transaction sweeps: all that its chunk allows, unless somebody waits to go first."""

import asyncio

from rescind.processors.pipeline.sweeping import AT_ONCE, go_on
from rescind.statemachine.policy import Policy
from tests.unit.processors.desk import Desk, entries

CHUNK = 2 * AT_ONCE + 10
LEFT = 3 * AT_ONCE


def cancelled() -> Desk:
    """A flow run of which the cancel has swept a chunk, and more than one is left."""
    desk = Desk(policy=Policy(sweep_chunk=CHUNK))
    desk.begin()
    items = [{"task_run_id": f"t{number}"} for number in range(CHUNK + LEFT)]
    about = {"flow_run_id": "f", "runner_id": "r"}
    desk.put({"type": "task.register", **about, "items": items}, lane="start")
    desk.put({"type": "flow.cancel", "flow_run_id": "f"})
    return desk


def transaction(desk: Desk, *, is_wanted: bool) -> int:
    """One that does nothing but sweep; how many task runs that were."""
    batch = desk.life.begin()
    swept = asyncio.run(go_on(batch, tuple(desk.life.owed), lambda: is_wanted))
    out = batch.records()
    desk.life.adopt(batch, swept)
    return len(entries(out))


def test_while_nobody_waits_a_transaction_sweeps_a_whole_chunk_and_no_more() -> None:
    desk = cancelled()

    assert transaction(desk, is_wanted=False) == CHUNK
    assert transaction(desk, is_wanted=False) == LEFT - CHUNK
    assert not desk.life.owed


def test_when_somebody_waits_a_sweep_ends_after_a_few_and_goes_on_later() -> None:
    desk = cancelled()

    assert transaction(desk, is_wanted=True) == AT_ONCE
    assert desk.life.owed
    assert transaction(desk, is_wanted=True) == AT_ONCE
    assert transaction(desk, is_wanted=False) == LEFT - 2 * AT_ONCE
    assert not desk.life.owed


def test_a_sweep_that_nobody_got_to_is_still_owed() -> None:
    desk = cancelled()
    desk.begin("g", "s")
    items = [{"task_run_id": f"t{number}"} for number in range(CHUNK + 1)]
    about = {"flow_run_id": "g", "runner_id": "s"}
    desk.put({"type": "task.register", **about, "items": items}, lane="start")
    desk.put({"type": "flow.cancel", "flow_run_id": "g"})
    both = tuple(desk.life.owed)

    assert transaction(desk, is_wanted=True) == AT_ONCE
    assert set(desk.life.owed) == set(both)
