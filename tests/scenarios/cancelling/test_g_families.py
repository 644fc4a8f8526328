"""Flow runs within flow runs: what the cancelling of a parent means for its children."""

from rescind.events.journal import ChildFinishedRecorded, FlowCancelled
from rescind.events.refusals import Code
from rescind.runners.client import (
    CascadePolicy,
    Ended,
    Grant,
    ParentLink,
    RunnerClient,
    TaskSpec,
)
from tests.scenarios.families import begin_child, begin_family, told
from tests.scenarios.harness import Scene, refusals_in


async def test_53_a_parent_waits_for_its_children_and_each_of_them_is_cancelled(
    scene: Scene,
) -> None:
    async with RunnerClient(scene.house.settings) as runner:
        parent = await runner.register_flow("parent", flow_run_id=scene.named("p"), body="body")
        wait = CascadePolicy.WAIT
        children = [
            await begin_child(runner, scene, parent, name, wait) for name in ("a", "b", "c")
        ]
        await scene.cancel(parent.flow_run_id, reason="enough")
        for child in children:
            await told(child)
            assert child.cancellation is not None
            assert child.cancellation.reason == "enough"
        await parent.end(Ended.cancelled())
        for child in children:
            assert (await scene.flow_state(parent.flow_run_id)).state == "Running.Cancelling"
            await child.end(Ended.cancelled())
            await scene.event(child.flow_run_id, "child.end_sent")
    over = await scene.event(parent.flow_run_id, "flow.cancelled")
    assert isinstance(over.event, FlowCancelled)
    assert (over.event.account.cancelled, over.event.account.unconfirmed) == (3, 0)
    states = await scene.task_states(parent.flow_run_id)
    assert {states[name].state for name in ("a", "b", "c")} == {"Finished.Cancelled"}
    assert {states[name].child_flow_run_id for name in ("a", "b", "c")} == {
        child.flow_run_id for child in children
    }
    # Its end is that of the last child, in the same transaction.
    assert over.cause == scene.events(parent.flow_run_id, "child.finished")[-1].id


async def test_53_a_child_of_a_cancelling_parent_is_not_begun(scene: Scene) -> None:
    async with RunnerClient(scene.house.settings) as runner:
        parent = await runner.register_flow("parent", flow_run_id=scene.named("p"), body="body")
        await scene.cancel(parent.flow_run_id)
        child_id = scene.elsewhere(parent.flow_run_id, "child")
        link = ParentLink(flow_run_id=parent.flow_run_id, task_run_id="child")

        child = await runner.register_flow("child", flow_run_id=child_id, parent=link)

        assert child.not_started is not None
        assert child.not_started.code in {Code.CANCELLING, Code.ALREADY_FINISHED}
        assert child.is_cancelling
        await parent.end(Ended.cancelled())
    await scene.event(parent.flow_run_id, "flow.cancelled")
    assert scene.events(child_id) == []


async def test_54_a_child_under_none_goes_on_and_that_is_recorded(scene: Scene) -> None:
    async with RunnerClient(scene.house.settings) as runner:
        parent, child = await begin_family(runner, scene, CascadePolicy.NONE)
        await scene.cancel(parent.flow_run_id)
        await scene.event(parent.flow_run_id, "child.not_cancelled", "child")
        await parent.end(Ended.cancelled())
        await scene.event(parent.flow_run_id, "flow.cancelled")
        await scene.event(parent.flow_run_id, "child.released", "child")
        assert (await scene.flow_state(child.flow_run_id)).state == "Running"
        await child.end(Ended.success("s3://there"))
    # Its end is known in its parent's stream all the same.
    ended = await scene.event(parent.flow_run_id, "child.finished", "child")
    assert isinstance(ended.event, ChildFinishedRecorded)
    assert (ended.event.end, ended.event.result_ref) == ("success", "s3://there")
    states = await scene.task_states(parent.flow_run_id)
    assert states["child"].state == "Finished.Success"
    assert (await scene.flow_state(parent.flow_run_id)).state == "Finished.Cancelled"


async def test_54_a_child_under_request_is_cancelled_and_its_parent_does_not_wait(
    scene: Scene,
) -> None:
    async with RunnerClient(scene.house.settings) as runner:
        parent, child = await begin_family(runner, scene, CascadePolicy.REQUEST)
        await scene.cancel(parent.flow_run_id)
        await parent.end(Ended.cancelled())
        await scene.event(parent.flow_run_id, "flow.cancelled")
        await told(child)
        assert (await scene.flow_state(child.flow_run_id)).state == "Running.Cancelling"
        await child.end(Ended.cancelled())
    await scene.event(child.flow_run_id, "flow.cancelled")
    await scene.event(parent.flow_run_id, "child.finished", "child")


async def test_57_a_child_that_is_cancelled_alone_leaves_its_parent_to_its_own_rule(
    scene: Scene,
) -> None:
    async with RunnerClient(scene.house.settings) as runner:
        parent, child = await begin_family(runner, scene, CascadePolicy.WAIT)
        await scene.cancel(child.flow_run_id)
        await told(child)
        await child.end(Ended.cancelled())
        await scene.event(parent.flow_run_id, "child.finished", "child")
        states = await scene.task_states(parent.flow_run_id)
        assert states["child"].state == "Finished.Cancelled"
        assert (await scene.flow_state(parent.flow_run_id)).state == "Running"
        await parent.end(Ended.success())
    assert (await scene.flow_state(parent.flow_run_id)).state == "Finished.Success"


async def test_57_to_cancel_the_task_run_that_stands_for_a_child_is_to_cancel_the_child(
    scene: Scene,
) -> None:
    async with RunnerClient(scene.house.settings) as runner:
        parent, child = await begin_family(runner, scene, CascadePolicy.WAIT)
        about = {"flow_run_id": parent.flow_run_id, "task_run_id": "child"}
        await scene.answer_to({"type": "task.cancel", **about})
        await told(child)
        await child.end(Ended.cancelled())
        await scene.event(parent.flow_run_id, "child.finished", "child")
        await parent.end(Ended.success())


async def test_a_child_whose_runner_goes_before_it_was_registered_never_begins(
    scene: Scene,
) -> None:
    parent = await scene.begun("parent")
    child = scene.elsewhere(parent.flow_run_id, "child")
    async with RunnerClient(scene.house.settings) as other:
        run = await other.join_flow(parent.flow_run_id)
        assert await run.register([TaskSpec("child", child_flow_run_id=child)]) == []
        assert isinstance(await run.start("child"), Grant)
        # It leaves with the grant in its hands.
    await scene.event(parent.flow_run_id, "child.given_up", "child")
    ended = await scene.event(parent.flow_run_id, "child.finished", "child")
    assert isinstance(ended.event, ChildFinishedRecorded)
    assert (ended.event.end, ended.event.how) == ("cancelled", "never_started")
    about = {"flow_run_id": child, "parent": {"flow_run_id": parent.flow_run_id}}
    late = {"type": "flow.register", **about}
    late["parent"] = {"flow_run_id": parent.flow_run_id, "task_run_id": "child"}
    assert refusals_in(await scene.answer_to(late)) == ["already_finished"]
    await parent.ends("body", "success")
    assert (await scene.flow_state(parent.flow_run_id)).state == "Finished.Success"


async def test_a_child_below_itself_is_refused_where_it_is_asked_for(scene: Scene) -> None:
    parent = await scene.begun("parent")
    item = {"task_run_id": "t", "kind": "child", "child_flow_run_id": parent.flow_run_id}
    assert refusals_in(await parent.says("task.register", items=[item])) == ["too_deep"]


async def test_a_grandchild_names_the_whole_chain_above_it(scene: Scene) -> None:
    async with RunnerClient(scene.house.settings) as runner:
        parent, child = await begin_family(runner, scene, CascadePolicy.WAIT)
        grandchild = await begin_child(runner, scene, child, "grandchild", CascadePolicy.WAIT)
        state = await scene.flow_state(grandchild.flow_run_id)
        assert state.parent is not None
        assert state.parent.chain == (parent.flow_run_id, child.flow_run_id)
        await scene.cancel(parent.flow_run_id)
        for run in (grandchild, child, parent):
            await told(run)
            await run.end(Ended.cancelled())
    await scene.event(parent.flow_run_id, "flow.cancelled")
