"""H. Bulk cancellations: counted, cut, held up, killed, at a rate; by the wire alone."""

import pytest

from rescind.events.journal import BulkCompleted
from rescind.events.refusals import Code
from tests.scenarios.bulk import Bulk, child_that_goes_on
from tests.scenarios.harness import Scene, types_of


@pytest.mark.usefixtures("swept")
async def test_56_children_of_a_parent_that_has_ended_are_cancelled_by_one_command(
    scene: Scene,
) -> None:
    parent, child = await child_that_goes_on(scene)

    code, said = await scene.rescind("cancel", "--where", f"parent={parent}", "--wait")

    assert code == 0, said
    assert "means 1 flow run" in said
    assert types_of(scene.events(child))[-2:] == ["flow.cancelled", "child.end_sent"]


@pytest.mark.usefixtures("swept")
async def test_58_what_is_registered_after_the_cut_is_never_hit(scene: Scene) -> None:
    bulk = Bulk(scene)
    before = await bulk.register("a", "b", "c")
    await bulk.begin(before[1])
    await scene.begun("other")

    counted = await bulk.create(reason="wrong table")
    late = await bulk.register("late")

    assert (counted.count, list(counted.samples)) == (3, before)
    # A dry run: nothing has happened to any of them.
    assert not any(scene.events(flow_run_id, "flow.cancel") for flow_run_id in before)
    # Somebody else is quicker with one of them: its outcome is a refusal.
    assert "flow.cancelling" in types_of(await scene.cancel(before[1]))

    assert await bulk.ask("start") == ["bulk.started"]
    completed = (await bulk.event("completed")).event

    assert isinstance(completed, BulkCompleted)
    assert (completed.tally.asked, completed.tally.refused) == (3, {Code.ALREADY_CANCELLING: 1})
    for flow_run_id in (before[0], before[2]):
        state = await scene.until_state(flow_run_id, "Finished.Cancelled")
        assert state.cancellation is not None
        assert (state.cancellation.bulk_id, state.cancellation.reason) == (
            bulk.bulk_id,
            "wrong table",
        )
    assert types_of(scene.events(late[0])) == ["flow.registered"]


async def test_59_it_goes_on_at_its_cursor_after_kills_and_a_pause(own: Scene) -> None:
    bulk = Bulk(own)
    worker, agents = own.house.worker(), own.house.agents()
    meant = await bulk.register(*map(str, range(12)))
    await bulk.create(runs_per_second=8)
    await bulk.ask("start")

    await bulk.until_asked(3)
    agents.kill()
    worker.kill()
    own.house.worker()
    assert await bulk.ask("pause") == ["bulk.paused"]
    own.house.agents()
    asked = len(bulk.items())
    assert await bulk.ask("resume") == ["bulk.resumed"]
    completed = (await bulk.event("completed")).event

    assert asked < len(meant)
    assert bulk.items() == meant
    assert isinstance(completed, BulkCompleted)
    assert completed.tally.asked == len(meant)
    for flow_run_id in meant:
        assert types_of(own.events(flow_run_id, "flow.cancel")) == ["flow.cancelled"]


@pytest.mark.usefixtures("swept")
async def test_60_a_rate_holds_and_a_single_cancel_goes_its_own_way(scene: Scene) -> None:
    bulk = Bulk(scene)
    meant = await bulk.register(*map(str, range(20)))
    alone = await scene.begun("alone")
    await bulk.create(runs_per_second=20)
    await bulk.ask("start")
    started = await bulk.event("started")

    await bulk.until_asked(1)
    cancelled = await scene.cancel(alone.flow_run_id)
    assert "flow.cancelling" in types_of(cancelled)
    assert not scene.events(bulk.bulk_id, "bulk.completed")
    await bulk.event("completed")

    last = scene.events(meant[-1], "flow.cancelled")[0]
    # A part of a quarter of a second may go at once.
    assert last.at_ms - started.at_ms >= (len(meant) - 5) / 20 * 1000
