"""Cancellations that do not ask nicely."""

import os
import signal

import orjson
import pytest

from rescind.events.journal import (
    CancellationWarning,
    FlowCancelled,
    FlowCancelling,
    FlowFailed,
    FlowStarted,
    TaskCancelled,
    TaskLateReport,
    TaskStoppingReported,
)
from rescind.runners.flowrunner.exiting import EXIT_CODE
from tests.kafka.processors.service import KEY
from tests.scenarios.harness import Scene
from tests.scenarios.processes import until_none_runs_with


@pytest.mark.parametrize("asked", [{"mode": "abort"}, {"grace_seconds": 0}], ids=["abort", "grace"])
async def test_47_an_abort_kills_at_once(scene: Scene, asked: dict[str, object]) -> None:
    flow = scene.flow("one_that_swallows_all", "processes")
    await flow.begun("swallow_all")

    await scene.cancel(flow.flow_run_id, **asked)

    end = (await scene.event(flow.flow_run_id, "task.cancelled", "swallow_all-1")).event
    assert isinstance(end, TaskCancelled)
    assert (end.how, end.stopped_confirmed) == ("forced", True)
    steps = [e.event for e in scene.events(flow.flow_run_id, "task.stopping", "swallow_all-1")]
    rungs = [step.rung.value for step in steps if isinstance(step, TaskStoppingReported)]
    assert rungs == ["kill"]
    (begun,) = scene.events(flow.flow_run_id, "flow.cancelling")
    assert isinstance(begun.event, FlowCancelling)
    assert begun.event.terms.grace_seconds == 0
    assert begun.event.terms.mode == "abort"
    over = (await scene.event(flow.flow_run_id, "flow.cancelled")).event
    assert isinstance(over, FlowCancelled)
    assert over.mode == "abort"
    assert await flow.outcome() == "cancelled"
    await until_none_runs_with(str(flow.folder))


async def test_48_an_abort_escalates_and_the_first_request_stays_the_first(scene: Scene) -> None:
    flow = scene.flow("one_that_swallows_all", "processes")
    await flow.begun("swallow_all")
    await scene.cancel(flow.flow_run_id, reason="too slow", grace_seconds=60)
    (begun,) = scene.events(flow.flow_run_id, "flow.cancelling")

    await scene.cancel(flow.flow_run_id, reason="at once", mode="abort")

    end = (await scene.event(flow.flow_run_id, "task.cancelled", "swallow_all-1")).event
    assert isinstance(end, TaskCancelled)
    assert (end.how, end.stopped_confirmed) == ("forced", True)
    over = (await scene.event(flow.flow_run_id, "flow.cancelled")).event
    assert isinstance(over, FlowCancelled)
    assert isinstance(begun.event, FlowCancelling)
    assert over.cancellation_id == begun.event.terms.cancellation_id
    assert (over.reason, over.mode) == ("too slow", "abort")
    (escalated,) = scene.events(flow.flow_run_id, "cancellation.escalated")
    assert begun.at_ms <= escalated.at_ms
    assert await flow.outcome() == "cancelled"


@pytest.mark.parametrize("executor", ["local", "threads", "async"])
async def test_48_what_is_blocked_in_c_ends_with_its_process(scene: Scene, executor: str) -> None:
    flow = scene.flow("one_that_may_be_left", executor)
    await flow.begun("may_be_left")
    await scene.cancel(flow.flow_run_id, reason="too slow")
    asked = await scene.event(flow.flow_run_id, "cancellation.warning")
    assert isinstance(asked.event, CancellationWarning)
    assert "cannot be stopped" in asked.event.message
    assert not flow.process.has_ended

    await scene.cancel(flow.flow_run_id, mode="abort")

    assert await flow.process.exit_code() == EXIT_CODE, flow.process.said()
    end = (await scene.event(flow.flow_run_id, "task.cancelled", "may_be_left-1")).event
    assert isinstance(end, TaskCancelled)
    # Nobody is left who could have seen it end.
    assert (end.how, end.stopped_confirmed) == ("forced", False)
    assert (end.evidence["pid"], end.evidence["exit_code"]) == (flow.process.pid, EXIT_CODE)
    over = (await scene.event(flow.flow_run_id, "flow.cancelled")).event
    assert isinstance(over, FlowCancelled)
    assert over.reason == "too slow"
    assert over.account.unconfirmed == 1
    # It has said all and left: nobody had to find out that it is gone.
    assert end.runner_id is not None
    await scene.event(end.runner_id, "runner.left")
    assert not scene.events(end.runner_id, "runner.lost")
    assert not scene.events(flow.flow_run_id, "request.refused")


async def test_48_what_keeps_an_event_loop_or_a_thread_behind_it_ends_with_its_process(
    scene: Scene,
) -> None:
    flow = scene.flow("coroutines_that_may_be_left", "async")
    await flow.begun("waits_for_a_thread", "keeps_the_loop")

    await scene.cancel(flow.flow_run_id, mode="abort")

    # The body waits on the same loop, and nobody has to be asked for what only waits.
    assert await flow.process.exit_code() == EXIT_CODE, flow.process.said()
    for task in ("waits_for_a_thread-1", "keeps_the_loop-1"):
        end = (await scene.event(flow.flow_run_id, "task.cancelled", task)).event
        assert isinstance(end, TaskCancelled)
        assert (end.how, end.stopped_confirmed) == ("forced", False)
        assert end.evidence["exit_code"] == EXIT_CODE
    over = (await scene.event(flow.flow_run_id, "flow.cancelled")).event
    assert isinstance(over, FlowCancelled)
    assert over.account.unconfirmed == 2


async def test_48_a_body_in_c_that_allows_it_ends_with_its_process(scene: Scene) -> None:
    flow = scene.flow("a_body_in_c", "processes")
    await flow.begun("body")

    await scene.cancel(flow.flow_run_id, mode="abort")

    assert await flow.process.exit_code() == EXIT_CODE, flow.process.said()
    body = (await scene.event(flow.flow_run_id, "task.cancelled", "body")).event
    assert isinstance(body, TaskCancelled)
    assert (body.how, body.stopped_confirmed) == ("forced", False)
    await scene.event(flow.flow_run_id, "flow.cancelled")


async def test_48_a_neighbour_that_does_not_allow_it_keeps_the_process(scene: Scene) -> None:
    flow = scene.flow("one_beside_one_that_may_not", "threads")
    await flow.begun("may_be_left", "stubborn")

    await scene.cancel(flow.flow_run_id, mode="abort")

    warning = (await scene.event(flow.flow_run_id, "cancellation.warning")).event
    assert isinstance(warning, CancellationWarning)
    assert "since stubborn-1 did not allow" in warning.message
    assert not flow.process.has_ended
    flow.go_on("stubborn")
    # It is the last one now, and allows it; what the neighbour came to is kept.
    assert await flow.process.exit_code() == EXIT_CODE, flow.process.said()
    await scene.event(flow.flow_run_id, "task.succeeded", "stubborn-1")
    await scene.event(flow.flow_run_id, "task.cancelled", "may_be_left-1")
    await scene.event(flow.flow_run_id, "flow.cancelled")


async def test_48_ctrl_c_asks_for_a_cancel_and_again_for_an_abort(scene: Scene) -> None:
    flow = scene.flow("one_that_swallows_all", "processes")
    await flow.begun("swallow_all")

    os.kill(flow.process.pid, signal.SIGINT)
    begun = (await scene.event(flow.flow_run_id, "flow.cancelling")).event
    assert isinstance(begun, FlowCancelling)
    assert (begun.terms.mode, begun.terms.reason) == ("graceful", "Ctrl-C")
    os.kill(flow.process.pid, signal.SIGINT)

    await scene.event(flow.flow_run_id, "cancellation.escalated")
    over = (await scene.event(flow.flow_run_id, "flow.cancelled")).event
    assert isinstance(over, FlowCancelled)
    assert over.mode == "abort"
    assert await flow.outcome() == "cancelled"


async def test_the_ladder_goes_on_while_the_service_is_away(own: Scene) -> None:
    worker = own.house.worker()
    flow = own.flow("one_that_swallows_all", "processes")
    await flow.begun("swallow_all")
    await own.cancel(flow.flow_run_id, grace_seconds=8)
    await own.event(flow.flow_run_id, "cancellation.acknowledged")
    worker.kill()

    # Killed at the end of the grace, by the runner's clock; it has said so to Kafka, and leaves.
    assert await flow.outcome() == "cancelled"
    await until_none_runs_with(str(flow.folder))
    # Its body may have ended before the service was away.
    assert not own.events(flow.flow_run_id, "task.cancelled", "swallow_all-1")

    own.house.worker()
    end = (await own.event(flow.flow_run_id, "task.cancelled", "swallow_all-1")).event
    assert isinstance(end, TaskCancelled)
    assert (end.how, end.stopped_confirmed) == ("forced", True)
    await own.event(flow.flow_run_id, "flow.cancelled")


@pytest.mark.parametrize(
    "name,executor,mark,code",
    [
        ("one_that_swallows_all", "processes", "swallow_all", 0),
        ("one_that_swallows_two", "local", "swallow.0", 0),
        ("one_that_may_be_left", "local", "may_be_left", EXIT_CODE),
    ],
)
async def test_a_flow_runner_that_was_given_up_kills_what_it_holds_and_ends(
    scene: Scene, name: str, executor: str, mark: str, code: int
) -> None:
    flow = scene.flow(name, executor)
    await flow.begun(mark)
    started = (await scene.event(flow.flow_run_id, "flow.started")).event
    assert isinstance(started, FlowStarted)

    partition = scene.partition_of(flow.flow_run_id)
    lost = {"type": "runner.lost", "runner_id": started.runner_id, "partition": partition}
    await scene.answer_to(lost, partition=partition, signed_by=KEY)

    over = (await scene.event(flow.flow_run_id, "flow.failed")).event
    assert isinstance(over, FlowFailed)
    assert over.end == "crashed"
    assert await flow.process.exit_code() == code, flow.process.said()
    await until_none_runs_with(str(flow.folder))
    # What it still had to say is kept, and changes nothing.
    await scene.event(flow.flow_run_id, "task.late_report")
    assert (await scene.flow_state(flow.flow_run_id)).state == "Finished.Failed.Crashed"


async def test_what_a_flow_runner_that_was_given_up_can_neither_stop_nor_leave_it_waits_for(
    scene: Scene,
) -> None:
    flow = scene.flow("polite_and_in_c", "threads")
    await flow.begun("polite", "hash_in_c")
    started = (await scene.event(flow.flow_run_id, "flow.started")).event
    assert isinstance(started, FlowStarted)

    partition = scene.partition_of(flow.flow_run_id)
    lost = {"type": "runner.lost", "runner_id": started.runner_id, "partition": partition}
    await scene.answer_to(lost, partition=partition, signed_by=KEY)

    # The service has nothing more to wait for; the process has.
    await scene.event(flow.flow_run_id, "flow.failed")
    ends = {t: s.stopped_confirmed for t, s in (await scene.task_states(flow.flow_run_id)).items()}
    assert ends == {"body": False, "polite-1": False, "hash_in_c-1": False}
    assert await flow.outcome() == "lost"
    assert (
        "still running: hash_in_c-1; it is waited for, "
        "since hash_in_c-1 did not allow this process to end itself (may_exit)"
    ) in flow.process.said()
    # What could be stopped was, and what could not has come to its real end; both are kept.
    await scene.event(flow.flow_run_id, "task.late_report", "hash_in_c-1")
    late = {e.task_run_id: e.event for e in scene.events(flow.flow_run_id, "task.late_report")}
    said = {t: e.end for t, e in late.items() if isinstance(e, TaskLateReport)}
    assert said == {"polite-1": "cancelled", "hash_in_c-1": "success"}


async def test_46_the_ladder_of_a_stuck_run_reads_from_the_journal(scene: Scene) -> None:
    flow = scene.flow("one_that_is_deaf", "processes")
    await flow.begun("deaf")

    await scene.cancel(flow.flow_run_id, grace_seconds=3)

    await scene.event(flow.flow_run_id, "flow.cancelled")
    steps = scene.events(flow.flow_run_id, "task.stopping", "deaf-1")
    told = [step.event for step in steps if isinstance(step.event, TaskStoppingReported)]
    assert [(step.rung.value, step.outcome) for step in told] == [
        ("interrupt", "done"),
        ("terminate", "done"),
        ("kill", "done"),
    ]
    assert [step.after_ms for step in told] == sorted(step.after_ms for step in told)
    assert [step.at_ms for step in steps] == sorted(step.at_ms for step in steps)
    end = (await scene.event(flow.flow_run_id, "task.cancelled", "deaf-1")).event
    assert isinstance(end, TaskCancelled)
    # The flag is set beside the interrupt and is no step of its own.
    flag, *tried = orjson.loads(orjson.dumps(end.evidence["rungs"]))
    assert flag["rung"] == "flag"
    assert [rung["rung"] for rung in tried] == [step.rung.value for step in told]
    # So somebody who looks at it from outside sees where it stands.
    code, said = await scene.rescind("watch", flow.flow_run_id)
    assert code == 0, said
    assert said.index("terminate") < said.index("kill")
    assert await flow.outcome() == "cancelled"
