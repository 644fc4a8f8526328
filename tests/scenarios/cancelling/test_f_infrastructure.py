"""What does not answer is ended from outside, by whoever reaches it, and only that is claimed."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import pytest
from pydantic import JsonValue

from rescind.events.journal import (
    Entry,
    FlowCancelled,
    FlowFailed,
    InfrastructureTeardown,
)
from rescind.runners.client import RunnerCapabilities, RunnerClient, Scope, StopInfrastructure
from tests.scenarios.contained import SCOPE
from tests.scenarios.harness import Scene
from tests.scenarios.processes import Process
from tests.waiting import until


async def contained(scene: Scene, flow_run_id: str, *, shared: bool = False) -> Process:
    exclusive_to = [] if shared else [flow_run_id]
    process = scene.house.start("-m", "tests.scenarios.contained", flow_run_id, *exclusive_to)

    def holds() -> bool:
        assert not process.has_ended, process.said()
        return "holds work" in process.said()

    await until(holds, within_seconds=60)
    return process


@asynccontextmanager
async def outside(scene: Scene) -> AsyncIterator[RunnerClient]:
    """One that ends processes of that machine."""
    can = RunnerCapabilities(can_tear_down=True)
    async with RunnerClient(scene.house.settings, scope=Scope(SCOPE), can=can) as runner:
        await runner.stand_by()
        yield runner


async def told(runner: RunnerClient) -> StopInfrastructure:
    intent = await asyncio.wait_for(anext(runner.intents()), 60)
    assert isinstance(intent, StopInfrastructure)
    return intent


def end(intent: StopInfrastructure) -> dict[str, JsonValue] | None:
    """End the very process that is meant; None: it is not there."""
    identity = intent.handle.identity
    pid = identity["pid"]
    assert isinstance(pid, int)
    try:
        process = psutil.Process(pid)
        is_it = process.create_time() == identity["started"]
    except psutil.NoSuchProcess:
        return None
    if not is_it or process.status() == psutil.STATUS_ZOMBIE:
        return None
    process.kill()
    return {"pid": pid, "signal": "SIGKILL"}


def teardowns(scene: Scene, flow_run_id: str) -> list[InfrastructureTeardown]:
    events = [entry.event for entry in scene.events(flow_run_id, "infrastructure.teardown")]
    return [event for event in events if isinstance(event, InfrastructureTeardown)]


async def is_done(scene: Scene, flow_run_id: str) -> Entry:
    def done() -> list[Entry]:
        entries = scene.events(flow_run_id, "infrastructure.teardown")
        return [e for e in entries if getattr(e.event, "outcome", None) == "done"]

    await scene.journal.until(lambda: bool(done()))
    return done()[0]


@pytest.mark.parametrize("silenced_by", [signal.SIGKILL, signal.SIGSTOP], ids=["dead", "hung"])
async def test_49_a_silent_runner_in_infrastructure_of_its_own_is_ended_with_evidence(
    watched: Scene, silenced_by: signal.Signals
) -> None:
    f = watched.named("f")
    async with outside(watched) as runner:
        process = await contained(watched, f)
        psutil.Process(process.pid).send_signal(silenced_by)
        await watched.cancel(f)

        intent = await told(runner)
        assert intent.flow_run_id == f
        await intent.report("started")
        evidence = end(intent)
        await process.exit_code()
        # Not found, where the whole identity was looked for, is ended too.
        await intent.report("done", code="" if evidence else "not_found", evidence=evidence)
        over = (await watched.event(f, "flow.cancelled")).event

    assert isinstance(over, FlowCancelled)
    assert (over.account.cancelled, over.account.unconfirmed) == (1, 0)
    done = await is_done(watched, f)
    assert isinstance(done.event, InfrastructureTeardown)
    assert done.event.evidence == (evidence or {})
    for task in (await watched.task_states(f)).values():
        assert (task.state, task.how, task.stopped_confirmed) == (
            "Finished.Cancelled",
            "forced",
            True,
        )
        assert task.evidence == {"teardown": done.id}
    assert [event.outcome for event in teardowns(watched, f)][-2:] == ["started", "done"]


async def test_49_where_nobody_has_asked_what_it_held_has_crashed_after_the_teardown(
    watched: Scene,
) -> None:
    f = watched.named("f")
    async with outside(watched) as runner:
        process = await contained(watched, f)
        psutil.Process(process.pid).suspend()

        intent = await told(runner)
        assert not watched.events(f, "task.failed")
        evidence = end(intent)
        await process.exit_code()
        await intent.report("done", evidence=evidence)
        over = (await watched.event(f, "flow.failed")).event

    assert isinstance(over, FlowFailed)
    assert over.end == "crashed"
    work = (await watched.task_states(f))["work"]
    assert (work.state, work.stopped_confirmed) == ("Finished.Failed.Crashed", True)


async def test_49_at_the_deadline_of_a_living_runner_its_infrastructure_is_ended(
    watched: Scene,
) -> None:
    f = watched.named("f")
    async with outside(watched) as runner:
        process = await contained(watched, f)
        await watched.cancel(f, deadline_seconds=2)

        intent = await told(runner)
        assert intent.grace_seconds == 0
        evidence = end(intent)
        await process.exit_code()
        await intent.report("done", evidence=evidence)
        over = (await watched.event(f, "flow.cancelled")).event

    assert isinstance(over, FlowCancelled)
    assert (over.account.cancelled, over.account.unconfirmed) == (1, 0)
    assert (await watched.task_states(f))["work"].how in {"deadline", "forced"}


async def test_49_what_is_shared_is_not_touched_for_one_flow_run(watched: Scene) -> None:
    f = watched.named("f")
    async with outside(watched):
        process = await contained(watched, f, shared=True)
        await watched.cancel(f, deadline_seconds=1)
        over = (await watched.event(f, "flow.cancelled")).event

    assert isinstance(over, FlowCancelled)
    assert (over.account.cancelled, over.account.unconfirmed) == (1, 1)
    assert teardowns(watched, f) == []
    assert not process.has_ended


async def test_50_a_teardown_that_fails_is_tried_again_and_the_deadline_ends_what_waits(
    watched: Scene,
) -> None:
    f = watched.named("f")
    async with outside(watched) as runner:
        process = await contained(watched, f)
        psutil.Process(process.pid).suspend()
        await watched.cancel(f, deadline_seconds=12)

        for _ in range(2):
            intent = await told(runner)
            await intent.report("failed", code="forbidden", message="no rights")
        over = (await watched.event(f, "flow.cancelled")).event

    assert isinstance(over, FlowCancelled)
    assert (over.account.cancelled, over.account.unconfirmed) == (1, 1)
    failed = [event for event in teardowns(watched, f) if event.outcome == "failed"]
    assert {(event.code, event.message) for event in failed} == {("forbidden", "no rights")}
    assert teardowns(watched, f)[-1].outcome == "given_up"
    assert (await watched.task_states(f))["work"].stopped_confirmed is False


async def test_50_where_nobody_reaches_it_the_deadline_ends_what_waits_and_says_so(
    watched: Scene,
) -> None:
    f = watched.named("f")
    process = await contained(watched, f)
    await watched.cancel(f, deadline_seconds=8)
    psutil.Process(process.pid).suspend()

    over = (await watched.event(f, "flow.cancelled")).event

    assert isinstance(over, FlowCancelled)
    assert (over.account.cancelled, over.account.unconfirmed) == (1, 1)
    told_of = teardowns(watched, f)
    assert {event.runner_id for event in told_of} == {None}
    assert told_of[-1].outcome == "given_up"
    assert all(SCOPE in event.message for event in told_of)
