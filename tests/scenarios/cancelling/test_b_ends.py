"""Task runs that ended before their end was reported, that get no further attempt, or give up."""

from rescind.events.journal import FlowCancelled, TaskCancelled, TaskLateReport
from tests.scenarios.harness import Scene


async def test_15_what_is_reported_after_a_clock_ended_it_is_kept_and_changes_nothing(
    scene: Scene,
) -> None:
    flow = await scene.begun(tasks=["t"])
    await scene.cancel(flow.flow_run_id, deadline_seconds=0.5)
    await scene.event(flow.flow_run_id, "flow.cancelled")
    before = (await scene.task_states(flow.flow_run_id))["t"]
    assert (before.state, before.how) == ("Finished.Cancelled", "deadline")
    assert before.stopped_confirmed is False

    (late,) = await flow.ends("t", "success", result_ref="s3://results/late")

    assert isinstance(late.event, TaskLateReport)
    assert (late.event.end, late.event.result_ref) == ("success", "s3://results/late")
    assert (await scene.task_states(flow.flow_run_id))["t"] == before
    code, said = await scene.rescind("journal", "tail", "--flow", flow.flow_run_id, "--json")
    assert code == 0, said
    assert [line for line in said.splitlines() if "task.late_report.v1" in line and late.id in line]
    code, said = await scene.rescind("show", flow.flow_run_id)
    assert code == 0, said
    assert "Finished.Cancelled" in said


async def test_16_what_waits_for_its_next_attempt_gets_none(scene: Scene) -> None:
    flow = scene.flow("one_that_retries", "threads")
    await scene.event(flow.flow_run_id, "task.retrying", "fails-1")

    await scene.cancel(flow.flow_run_id)

    ended = await scene.event(flow.flow_run_id, "task.cancelled", "fails-1")
    assert isinstance(ended.event, TaskCancelled)
    assert (ended.event.how, ended.event.stopped_confirmed) == ("not_retried", True)
    assert await flow.outcome() == "cancelled"
    over = await scene.event(flow.flow_run_id, "flow.cancelled")
    assert isinstance(over.event, FlowCancelled)
    assert (over.event.account.not_retried, over.event.account.cancelled) == (1, 0)
    assert len(scene.events(flow.flow_run_id, "task.started", "fails-1")) == 1
    assert (flow.folder / "failed").read_text() == "failed\n"


async def test_18_a_task_that_gives_up_by_itself_is_cancelled_and_a_body_has_failed(
    scene: Scene,
) -> None:
    flow = scene.flow("one_that_gives_up_after_its_task", "threads")

    ended = (await scene.event(flow.flow_run_id, "task.cancelled", "gives_up-1")).event
    assert isinstance(ended, TaskCancelled)
    assert (ended.how, ended.stopped_confirmed) == ("by_runner", True)
    assert ended.error is not None
    assert ended.error.type == "rescind.cancelled.Cancelled"
    await scene.event(flow.flow_run_id, "task.succeeded", "comes_after-1")
    await scene.event(flow.flow_run_id, "flow.failed")
    assert not scene.events(flow.flow_run_id, "task.retrying")
    assert await flow.outcome() == "failed"
