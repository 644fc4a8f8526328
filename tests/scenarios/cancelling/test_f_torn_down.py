"""`rescind run --on` and `rescind runner`, end to end: what does not answer is ended from outside.

What is said of it is held against the process table of this host.
"""

import signal
import sys
from contextlib import suppress

import psutil
import pytest

from rescind.events.journal import FlowCancelled, FlowFailed
from rescind.runners.client import Clocks, Grant, Handle, RunnerClient, Scope
from rescind.runners.infrastructure.process import identity_here
from tests.scenarios.harness import Scene
from tests.scenarios.hosting import (
    KINDS,
    hosted,
    outcomes,
    standing_by,
    teardowns,
    until_standing_by,
)
from tests.waiting import until

every_kind = pytest.mark.parametrize("kind", KINDS)


def killed(kind: str) -> set[str]:
    """What is said of one that was killed: the emulator of ECS has 0 for all that it stops."""
    return {"killed", "terminated"} if kind == "ecs" else {"killed"}


@every_kind
async def test_52_infrastructure_ends_because_its_flow_runner_exits_by_itself(
    watched: Scene, kind: str
) -> None:
    job = await hosted(watched, kind, "works")
    await standing_by(watched, kind)

    await watched.cancel(job.flow_run_id)

    assert await job.command.exit_code() == 1
    assert f"{job.flow_run_id} cancelled" in job.command.said()
    over = (await watched.event(job.flow_run_id, "flow.cancelled")).event
    assert isinstance(over, FlowCancelled)
    assert over.account.unconfirmed == 0
    assert job.processes() == []
    assert teardowns(watched, job.flow_run_id) == []


@every_kind
@pytest.mark.parametrize("silenced_by", [signal.SIGKILL, signal.SIGSTOP], ids=["dead", "hung"])
async def test_49_what_is_silent_is_ended_from_outside_and_nothing_else_is_touched(
    watched: Scene, kind: str, silenced_by: signal.Signals
) -> None:
    job = await hosted(watched, kind, "works", executor="process")
    bystander = await hosted(watched, "process", "works", name="g", executor="process")
    of_others = bystander.processes()
    await standing_by(watched, kind)

    job.flow_runner().send_signal(silenced_by)
    await watched.cancel(job.flow_run_id, grace_seconds=1)

    over = (await watched.event(job.flow_run_id, "flow.cancelled")).event
    assert isinstance(over, FlowCancelled)
    assert over.account.unconfirmed == 0
    assert job.processes() == []
    *_, started, done = teardowns(watched, job.flow_run_id)
    assert [started.outcome, done.outcome] == ["started", "done"]
    if silenced_by is signal.SIGSTOP:
        assert done.evidence["how"] in killed(kind)
    for task in (await watched.task_states(job.flow_run_id)).values():
        assert (task.how, task.stopped_confirmed) == ("forced", True)
    # Who followed it says so, and does not hang.
    assert await job.command.exit_code() == 1
    assert bystander.processes() == of_others != []
    bystander.command.signal(signal.SIGINT)
    assert await bystander.command.exit_code() == 1


@pytest.mark.ecs_endpoint
async def test_49_a_task_of_ecs_is_found_by_the_arn_that_it_has_registered_itself(
    watched: Scene,
) -> None:
    job = await hosted(watched, "ecs", "works")
    await standing_by(watched, "ecs")

    job.flow_runner().kill()
    await watched.cancel(job.flow_run_id)

    await watched.event(job.flow_run_id, "flow.cancelled")
    asked, *_, done = teardowns(watched, job.flow_run_id)
    assert asked.handle.identity["task"] == done.evidence["task"]
    assert await job.command.exit_code() == 1


@every_kind
async def test_49_what_is_deaf_to_its_cancel_is_ended_at_the_deadline(
    watched: Scene, kind: str
) -> None:
    job = await hosted(watched, kind, "is_deaf")
    await standing_by(watched, kind)

    await watched.cancel(job.flow_run_id, grace_seconds=1, deadline_seconds=3)

    over = (await watched.event(job.flow_run_id, "flow.cancelled")).event
    assert isinstance(over, FlowCancelled)
    assert over.account.unconfirmed == 0
    assert job.processes() == []
    assert teardowns(watched, job.flow_run_id)[-1].evidence["how"] in killed(kind)
    assert await job.command.exit_code() == 1


async def test_49_the_signal_of_a_late_teardown_is_no_leave_to_end_itself(watched: Scene) -> None:
    job = await hosted(watched, "process", "is_deaf")
    standing = await standing_by(watched, "process")

    standing.signal(signal.SIGSTOP)
    await watched.cancel(job.flow_run_id, grace_seconds=1, deadline_seconds=1)
    await until(lambda: "has passed" in job.command.said(), within_seconds=60)
    standing.signal(signal.SIGCONT)

    over = (await watched.event(job.flow_run_id, "flow.cancelled")).event
    assert isinstance(over, FlowCancelled)
    assert over.account.unconfirmed == 0
    assert job.processes() == []
    assert teardowns(watched, job.flow_run_id)[-1].evidence["how"] == "killed"


async def test_49_nobody_has_asked_and_what_was_killed_has_crashed(watched: Scene) -> None:
    job = await hosted(watched, "process", "works", executor="process")
    await standing_by(watched, "process")

    job.flow_runner().kill()

    over = (await watched.event(job.flow_run_id, "flow.failed")).event
    assert isinstance(over, FlowFailed)
    assert over.end == "crashed"
    assert job.processes() == []
    assert await job.command.exit_code() == 1


@every_kind
async def test_49_what_has_gone_before_anybody_stood_by_is_reported_when_one_comes(
    watched: Scene, kind: str
) -> None:
    job = await hosted(watched, kind, "works", executor="process")
    for process in job.processes():
        # The end of one may have been that of others.
        with suppress(psutil.NoSuchProcess):
            psutil.Process(process.pid).kill()
    await watched.cancel(job.flow_run_id)
    await watched.event(job.flow_run_id, "infrastructure.teardown")

    await standing_by(watched, kind)

    over = (await watched.event(job.flow_run_id, "flow.cancelled")).event
    assert isinstance(over, FlowCancelled)
    assert over.account.unconfirmed == 0
    assert teardowns(watched, job.flow_run_id)[-1].evidence["how"] in {"not_found", "ended"}


async def test_49_a_runner_of_another_scope_does_nothing(watched: Scene) -> None:
    job = await hosted(watched, "process", "works")
    # In a name space of its own, the same number is another process.
    alone = [
        "unshare",
        "--pid",
        "--fork",
        "--kill-child",
        sys.executable,
        "-m",
        "rescind",
        "runner",
    ]
    elsewhere = watched.house.start("-c", f"import os; os.execvp('unshare', {alone!r})")
    await until_standing_by(elsewhere)

    frozen = job.flow_runner()
    frozen.suspend()
    await watched.cancel(job.flow_run_id, deadline_seconds=8)

    over = (await watched.event(job.flow_run_id, "flow.cancelled")).event
    assert isinstance(over, FlowCancelled)
    assert over.account.unconfirmed > 0
    assert set(outcomes(watched, job.flow_run_id)) <= {"asked", "given_up"}
    assert {event.runner_id for event in teardowns(watched, job.flow_run_id)} == {None}
    assert frozen.is_running()
    for process in job.processes():
        psutil.Process(process.pid).kill()
    await job.command.exit_code()


async def deaf_with(scene: Scene, handle: Handle) -> str:
    """A flow run with this handle whose runner lives and hears nothing; how it ended."""
    flow_run_id = handle.exclusive_to
    assert flow_run_id is not None
    async with RunnerClient(
        scene.house.settings, handle=handle, on_intent=lambda _: None
    ) as runner:
        run = await runner.register_flow(
            flow_run_id=flow_run_id, body="body", clocks=Clocks(acknowledge_seconds=1)
        )
        await run.register(["work"])
        assert isinstance(await run.start("work"), Grant)
        await scene.cancel(flow_run_id, deadline_seconds=2, abort_seconds=6)
        over = (await scene.event(flow_run_id, "flow.cancelled")).event
    assert isinstance(over, FlowCancelled)
    return "unconfirmed" if over.account.unconfirmed else "confirmed"


async def test_49_a_pid_that_was_used_again_is_not_touched(watched: Scene) -> None:
    bystander = watched.house.start("-c", "import time; time.sleep(600)")
    identity = identity_here(bystander.pid, "0" * 32, None)
    assert identity is not None
    earlier = {**identity.to_dict(), "start_ticks": identity.start_ticks - 1}
    f = watched.named("f")
    handle = Handle(kind="process", scope=str(Scope.host()), identity=earlier, exclusive_to=f)
    await standing_by(watched, "process")

    ended = await deaf_with(watched, handle)

    # The process that is meant has gone, and it is not that one.
    assert ended == "confirmed"
    assert teardowns(watched, f)[-1].evidence["how"] == "not_found"
    assert not bystander.has_ended


async def test_50_what_was_not_started_as_a_job_is_not_touched_and_the_reason_is_told(
    watched: Scene,
) -> None:
    bystander = watched.house.start("-c", "import time; time.sleep(600)")
    identity = identity_here(bystander.pid, "0" * 32, None)
    assert identity is not None
    f = watched.named("f")
    handle = Handle(
        kind="process", scope=str(Scope.host()), identity=identity.to_dict(), exclusive_to=f
    )
    await standing_by(watched, "process")

    assert await deaf_with(watched, handle) == "unconfirmed"

    failed = [event for event in teardowns(watched, f) if event.outcome == "failed"]
    assert {event.code for event in failed} == {"not_matching"}
    assert "carries no mark" in failed[0].message
    assert outcomes(watched, f)[-1] == "given_up"
    assert not bystander.has_ended


async def test_49_what_a_drained_runner_has_begun_it_finishes(watched: Scene) -> None:
    job = await hosted(watched, "process", "works", executor="process")
    runner = await standing_by(watched, "process")
    job.flow_runner().suspend()
    await watched.cancel(job.flow_run_id, grace_seconds=3)
    await until(lambda: "started" in outcomes(watched, job.flow_run_id), within_seconds=60)

    runner.terminate()

    assert await runner.exit_code() == 0
    assert job.processes() == []
    await watched.event(job.flow_run_id, "flow.cancelled")
    assert outcomes(watched, job.flow_run_id)[-1] == "done"
    await job.command.exit_code()
