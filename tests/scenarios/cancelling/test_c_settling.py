"""How a cancellation settles: Cancelled when, and only when, the last task run has ended."""

import pytest

from rescind.events.journal import Entry, FlowBodyFinished, FlowCancelled, FlowRegistered
from rescind.events.journal.flow import Account
from tests.scenarios.harness import Scene, refusals_in, types_of


@pytest.mark.parametrize("end", ["success", "failed", "cancelled"])
async def test_21_an_end_proposed_while_work_is_open_is_kept_as_evidence(
    scene: Scene, end: str
) -> None:
    flow = await scene.begun(tasks=["open"])
    await scene.cancel(flow.flow_run_id)

    await flow.ends("body", end, result_ref="s3://results/3" if end == "success" else None)

    if end != "cancelled":
        kept = await scene.event(flow.flow_run_id, "flow.body_finished")
        assert isinstance(kept.event, FlowBodyFinished)
        assert kept.event.end == end
    assert (await scene.flow_state(flow.flow_run_id)).state == "Running.Cancelling"
    await flow.ends("open", "cancelled")
    assert (await scene.flow_state(flow.flow_run_id)).state == "Finished.Cancelled"


async def test_21_the_same_without_a_body(scene: Scene) -> None:
    flow = await scene.begun_without_body(tasks=["open"])
    await scene.cancel(flow.flow_run_id)
    proposed = await flow.says("flow.finish", end="success", result_ref="s3://results/4")
    assert types_of(proposed) == ["flow.body_finished"]
    state = await scene.flow_state(flow.flow_run_id)
    assert (state.state, state.body_end) == ("Running.Cancelling", "success")
    await flow.ends("open", "success")
    state = await scene.flow_state(flow.flow_run_id)
    assert (state.state, state.result_ref) == ("Finished.Cancelled", "s3://results/4")


async def test_22_the_last_end_settles_it_in_the_same_transaction(scene: Scene) -> None:
    flow = await scene.begun_without_body(tasks=["a", "b"])
    await scene.cancel(flow.flow_run_id)
    await flow.ends("a", "cancelled")
    assert (await scene.flow_state(flow.flow_run_id)).state == "Running.Cancelling"

    (last,) = [e for e in await flow.ends("b", "cancelled") if e.task_run_id == "b"]

    over = await scene.event(flow.flow_run_id, "flow.cancelled")
    assert offset_of(scene, over) == offset_of(scene, last) + 1, "a commit lies between the two"
    # Nobody has asked for it: it follows from the last task run's end.
    assert (over.source, over.cause) == (None, last.id)
    assert (await scene.flow_state(flow.flow_run_id)).state == "Finished.Cancelled"


async def test_23_what_ended_well_before_it_was_stopped_is_counted_as_such(scene: Scene) -> None:
    flow = await scene.begun_without_body(tasks=["a", "b", "c"])
    await scene.cancel(flow.flow_run_id)
    for task in ("a", "b", "c"):
        await flow.ends(task, "success")

    account = await account_of(scene, flow.flow_run_id)

    assert (account.cancelled, account.succeeded, account.failed) == (0, 3, 0)
    assert (account.never_started, account.unconfirmed) == (0, 0)
    state = await scene.flow_state(flow.flow_run_id)
    assert state.state == "Finished.Cancelled"
    assert state.cancellation is not None
    assert state.cancellation.account == account


@pytest.mark.parametrize("end", ["success", "failed", "crashed", "cancelled"])
async def test_24_what_is_said_after_the_end_changes_nothing_and_is_kept(
    scene: Scene, end: str
) -> None:
    flow = await scene.begun_without_body(tasks=["t"])
    await scene.cancel(flow.flow_run_id)
    await flow.ends("t", "cancelled")
    before = await scene.until_state(flow.flow_run_id, "Finished.Cancelled")
    tasks = await scene.task_states(flow.flow_run_id)

    of_flow = await flow.says("flow.finish", end=end)
    of_task = await flow.ends("t", end)
    started = await flow.says("flow.start")

    # That it is cancelled is no news of the flow run; everything else is a fact to keep.
    if end == "cancelled":
        assert refusals_in(of_flow) == ["duplicate"]
    else:
        assert types_of(of_flow) == ["flow.late_report"]
    assert types_of(of_task) == ["task.late_report"]
    assert refusals_in(started) == ["already_finished"]
    assert await scene.flow_state(flow.flow_run_id) == before
    assert await scene.task_states(flow.flow_run_id) == tasks


async def test_25_a_running_flow_run_without_task_runs_is_cancelled_at_once(scene: Scene) -> None:
    flow = await scene.begun_without_body()

    await scene.cancel(flow.flow_run_id, reason="nothing to do")

    over = await scene.event(flow.flow_run_id, "flow.cancelled")
    (asked,) = scene.events(flow.flow_run_id, "flow.cancelling")
    assert offset_of(scene, over) == offset_of(scene, asked) + 1, "a commit lies between the two"
    state = await scene.flow_state(flow.flow_run_id)
    assert state.state == "Finished.Cancelled"
    assert not scene.events(flow.flow_run_id, "cancellation.sent")


async def test_26_to_run_it_again_is_a_new_flow_run_that_names_the_old(scene: Scene) -> None:
    flow = await scene.begun()
    await scene.cancel(flow.flow_run_id)
    await flow.ends("body", "cancelled")
    before = await scene.until_state(flow.flow_run_id, "Finished.Cancelled")
    again = await flow.says("flow.register")
    assert refusals_in(again) == ["already_finished"]

    rerun = scene.flow("one_that_just_ends", "local", rerun_of=flow.flow_run_id)

    assert await rerun.outcome() == "success"
    registered = await scene.event(rerun.flow_run_id, "flow.registered")
    assert isinstance(registered.event, FlowRegistered)
    assert registered.event.rerun_of == flow.flow_run_id
    state = await scene.until_state(rerun.flow_run_id, "Finished.Success")
    assert state.rerun_of == flow.flow_run_id
    assert await scene.flow_state(flow.flow_run_id) == before


def offset_of(scene: Scene, entry: Entry) -> int:
    """Where it lies in the journal."""
    return scene.journal.records[scene.journal.entries.index(entry)].offset


async def account_of(scene: Scene, flow_run_id: str) -> Account:
    """What the end of a cancelled flow run says of its task runs."""
    over = await scene.event(flow_run_id, "flow.cancelled")
    assert isinstance(over.event, FlowCancelled)
    return over.event.account
