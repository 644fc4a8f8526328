"""The pages, read by somebody who types what they say: each program runs, and is cancelled."""

import asyncio
import re
import runpy
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from rescind import RunnerClient
from rescind.events.journal import CancellationAcknowledged
from rescind.runners.client import Ended, Grant, Refusal, SyncRunnerClient
from tests.pages import blocks, command, commands, usage
from tests.scenarios.harness import Scene, types_of
from tests.scenarios.processes import Process
from tests.waiting import until

ENGINE: Final = "docs/how-to/wrap-an-engine.md"
POOL: Final = "examples/any_executor.py"
LIBRDKAFKA: Final = "examples/cancel_with_librdkafka.py"
# What starts a deployment, which is the test's; `run` and `cancel` it gives by name.
NOT_LOOKING: Final = {"up", "run", "cancel"}


async def flow_run_of(process: Process) -> str:
    """The id that `rescind run` says."""
    found: list[str] = []

    def is_said() -> bool:
        assert not process.has_ended, process.said()
        found[:] = re.findall(r"^flow run (\S+)$", process.said(), re.MULTILINE)
        return bool(found)

    await until(is_said, within_seconds=60)
    return found[0]


async def task_started(scene: Scene, flow_run_id: str, task: str | None = None) -> None:
    """Wait until a task run that is not the body has begun."""
    await scene.journal.until(
        lambda: any(
            entry.task_run_id == task if task else entry.task_run_id != "body"
            for entry in scene.events(flow_run_id, "task.started")
        )
    )


def write(program: str, page: str, scene: Scene) -> Path:
    """Save the page's Python under this name; the folder."""
    folder = scene.house.folder / scene.named("page")
    folder.mkdir()
    code, *_ = blocks(page, "python")  # What follows the program are pieces.
    (folder / program).write_text(code)
    return folder


def engine(scene: Scene, *arguments: str) -> Process:
    return scene.house.start("engine.py", *arguments, cwd=write("engine.py", ENGINE, scene))


async def cancels(scene: Scene, said: list[list[str]], running: Process) -> None:
    """Type what the page says to cancel what runs, and what it says to look at it."""
    flow_run_id = await flow_run_of(running)
    await task_started(scene, flow_run_id)

    code, out = await scene.rescind("cancel", *command(said, "rescind", "cancel"))

    assert code == 0, out
    assert await running.exit_code() == 1, running.said()
    assert f"{flow_run_id} cancelled" in running.said()
    assert (await scene.flow_state(flow_run_id)).state == "Finished.Cancelled"
    for program, *arguments in said:
        if program == "rescind" and arguments[0] not in NOT_LOOKING:
            code, out = await scene.rescind(*arguments)
            assert code == 0, (arguments, out)


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial.md"])
async def test_the_flow_of_a_page_is_run_and_cancelled_by_what_it_says(
    scene: Scene, page: str
) -> None:
    said = commands(page)
    run = command(said, "rescind", "run")
    folder = write(run[0].partition(":")[0], page, scene)

    running = scene.house.start("-m", "rescind", "run", *run, cwd=folder)

    await cancels(scene, said, running)


async def test_the_example_is_run_and_cancelled_by_what_it_says(scene: Scene) -> None:
    said = usage("examples/nightly.py")

    running = scene.house.command("run", *command(said, "rescind", "run"))

    await cancels(scene, said, running)


async def test_librdkafka_cancels_a_run_and_reads_its_end(scene: Scene) -> None:
    running = scene.house.command(
        "run", *command(usage("examples/nightly.py"), "rescind", "run"), "--executor", "thread"
    )
    flow_run_id = await flow_run_of(running)
    await task_started(scene, flow_run_id)
    _, bootstrap, wanted = command(usage(LIBRDKAFKA), "python")
    assert (bootstrap, wanted) == ("127.0.0.1:19092", "FLOW_RUN_ID")

    stranger = scene.house.start(LIBRDKAFKA, scene.house.connection.bootstrap, flow_run_id)

    assert await stranger.exit_code() == 0, stranger.said()
    assert stranger.said().strip() == "Finished.Cancelled"
    await running.exit_code()


async def test_the_wrapped_engine_is_cancelled_by_what_its_page_says(scene: Scene) -> None:
    said = commands(ENGINE)
    _, flow_run_id, *steps = command(said, "python")
    running = engine(scene, flow_run_id, *steps)
    await task_started(scene, flow_run_id, "step-2")

    code, out = await scene.rescind("cancel", *command(said, "rescind", "cancel"))

    assert code == 0, out
    assert await running.exit_code() == 0, running.said()
    assert running.said().split() == [flow_run_id, "cancelled"]
    states = await scene.task_states(flow_run_id)
    assert {task: state.state for task, state in states.items()} == {
        "step-1": "Finished.Success",
        "step-2": "Finished.Cancelled",
        "step-3": "Finished.Cancelled",
    }
    # It was killed and said so itself; nobody had to end it in its name.
    assert states["step-2"].how == "forced"
    assert scene.events(flow_run_id, "cancellation.acknowledged")
    code, out = await scene.rescind("show", *command(said, "rescind", "show"))
    assert code == 0, out


@pytest.mark.parametrize(
    "step,ends",
    [("true", "success"), ("false", "failed")],
)
async def test_the_wrapped_engine_reports_real_ends(scene: Scene, step: str, ends: str) -> None:
    flow_run_id = scene.named("ends")

    running = engine(scene, flow_run_id, "true", step)

    assert await running.exit_code() == 0, running.said()
    assert running.said().split() == [flow_run_id, ends]


async def test_one_step_of_the_wrapped_engine_is_cancelled_and_the_rest_goes_on(
    scene: Scene,
) -> None:
    flow_run_id = scene.named("step")
    running = engine(scene, flow_run_id, "sleep 600", "true")
    await task_started(scene, flow_run_id, "step-1")

    await scene.answer_to(
        {"type": "task.cancel", "flow_run_id": flow_run_id, "task_run_id": "step-1"}
    )

    assert await running.exit_code() == 0, running.said()
    states = await scene.task_states(flow_run_id)
    assert states["step-1"].state == "Finished.Cancelled"
    assert states["step-2"].state == "Finished.Success"


async def test_a_grant_that_the_wrapped_engine_does_not_use_is_given_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = runpy.run_path(str(write("engine.py", ENGINE, scene) / "engine.py"))
    flow_run_id = scene.named("late")
    async with RunnerClient(scene.house.settings) as runner:
        run = await runner.register_flow(flow_run_id=flow_run_id)
        await run.register(["step"])
        start = run.start

        async def and_then_somebody_cancels(step: str) -> Grant | Refusal:
            answer = await start(step)
            await scene.cancel(flow_run_id)
            return answer

        monkeypatch.setattr(run, "start", and_then_somebody_cancels)

        assert not await program["may_begin"](run, "step")
        await run.end(Ended.cancelled())

    await scene.event(flow_run_id, "flow.cancelled")
    states = await scene.task_states(flow_run_id)
    assert (states["step"].state, states["step"].how) == ("Finished.Cancelled", "never_started")


async def test_a_wrapped_engine_that_was_cancelled_before_begins_nothing(scene: Scene) -> None:
    flow_run_id = scene.named("never")
    await scene.cancel(flow_run_id)

    running = engine(scene, flow_run_id, "true")

    assert await running.exit_code() == 0, running.said()
    assert scene.events(flow_run_id, "task.started") == []


async def test_a_wrapped_engine_that_was_given_up_kills_what_it_holds_and_begins_anew(
    own: Scene,
) -> None:
    timing: dict[str, Any] = {"heartbeat_seconds": 0.5, "lost_after_seconds": 2}
    own.house.worker(**timing)
    agents = own.house.start("-m", "rescind", "agents", **timing)
    flow_run_id = own.named("lost")
    folder = write("engine.py", ENGINE, own)
    running = own.house.start("engine.py", flow_run_id, "sleep 600", cwd=folder, **timing)
    await task_started(own, flow_run_id, "step-1")

    running.freeze()
    await own.event(flow_run_id, "task.failed", "step-1")
    running.thaw()

    assert await running.exit_code() == 0, running.said()
    assert "given up" in running.said()
    agents.terminate()
    assert await agents.exit_code() == 0, agents.said()


@pytest.mark.parametrize("pool", ["threads", "processes"])
async def test_a_pool_that_is_wrapped_begins_nothing_more_and_what_runs_keeps_its_end(
    scene: Scene, pool: str
) -> None:
    said = usage(POOL)
    _, kind, name = command(said, "python")
    assert kind == "threads"
    flow_run_id = scene.named(name)
    running = scene.house.start(POOL, pool, flow_run_id)
    await task_started(scene, flow_run_id, "square-2")

    typed = [flow_run_id if word == name else word for word in command(said, "rescind", "cancel")]
    code, out = await scene.rescind("cancel", *typed)

    assert code == 0, out
    assert await running.exit_code() == 0, running.said()
    begun = {entry.task_run_id for entry in scene.events(flow_run_id, "task.started")}
    ends = {
        task: (state.state, state.how)
        for task, state in (await scene.task_states(flow_run_id)).items()
    }
    kept = {task for task, end in ends.items() if end == ("Finished.Success", None)}
    never = {task for task, end in ends.items() if end == ("Finished.Cancelled", "never_started")}
    assert len(ends) == len(kept | never) == 8
    # What had leave to begin and waited in the pool (a process takes its time) never did.
    assert kept <= begun
    squares = {(int(task.rpartition("-")[2]) - 1) ** 2 for task in kept}
    assert running.said().split() == ["cancelled", *map(str, sorted(squares))]
    acknowledged = (await scene.event(flow_run_id, "cancellation.acknowledged")).event
    assert isinstance(acknowledged, CancellationAcknowledged)
    unstoppable = {held.task_run_id for held in acknowledged.held if not held.can_stop}
    assert unstoppable <= kept
    assert unstoppable or pool == "processes"


async def test_a_pool_that_is_wrapped_reports_the_ends_of_its_calls(scene: Scene) -> None:
    program = runpy.run_path(POOL)
    flow_run_id = scene.named("pool")

    def run_it() -> None:
        with SyncRunnerClient(scene.house.settings) as runner:
            run = runner.register_flow(flow_run_id=flow_run_id)
            with program["CancellableExecutor"](ThreadPoolExecutor(2), run, 2) as executor:
                assert list(executor.map(divmod, [7, 9], [2, 2])) == [(3, 1), (4, 1)]
                with pytest.raises(ZeroDivisionError):
                    executor.submit(divmod, 1, 0).result()
            run.end(Ended.success())

    await asyncio.to_thread(run_it)

    states = await scene.task_states(flow_run_id)
    assert [state.state for _, state in sorted(states.items())] == [
        "Finished.Success",
        "Finished.Success",
        "Finished.Failed",
    ]


async def test_the_request_of_the_page_for_strangers_is_taken(scene: Scene) -> None:
    (body,) = blocks("docs/how-to/cancel-from-your-program.md", "json")
    request = orjson.loads(body)

    outcome = await scene.answer_to(request)

    assert types_of(outcome) == ["cancellation.armed"]
