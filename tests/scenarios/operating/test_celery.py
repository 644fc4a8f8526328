"""The adapter for Celery, with a real Redis and real workers of Celery."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest

from rescind.events.journal import TaskCancelled
from tests.pages import ROOT, command, usage
from tests.redis_server import redis_server
from tests.scenarios.harness import Scene
from tests.scenarios.processes import Process
from tests.waiting import until

ADAPTER: Final = "examples/celery_adapter.py"
# Nothing of a worker talks to others, so that one starts quickly and leaves nothing in Redis.
WORKER: Final = (
    *("-m", "celery", "--workdir", str(ROOT / "examples"), "--app", "celery_adapter", "worker"),
    *("--concurrency", "2", "--without-gossip", "--without-mingle", "--loglevel", "info"),
)


@pytest.fixture(autouse=True)
def redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with redis_server(tmp_path) as url:
        monkeypatch.setenv("REDIS_URL", url)
        yield


@pytest.fixture
def worker(redis: None, tmp_path: Path) -> Iterator[Callable[[], Process]]:
    """Starts a worker of Celery; all of it is ended with the test."""
    started: list[Process] = []

    def start() -> Process:
        log = tmp_path / f"celery-{len(started)}.log"
        started.append(Process(WORKER, {}, log))
        return started[-1]

    yield start
    for process in started:
        below = psutil.Process(process.pid).children(recursive=True)
        process.end()
        psutil.wait_procs(below, timeout=20)


async def test_a_cancel_kills_what_runs_on_celery_and_nothing_more_of_it_begins(
    scene: Scene, worker: Callable[[], Process]
) -> None:
    said = usage(ADAPTER)
    (_, name) = command(said, "python")
    flow_run_id = scene.named(name)
    celery = worker()
    running = scene.house.start(ADAPTER, flow_run_id)
    await until(lambda: celery.said().count(" received") == 2, within_seconds=60)

    typed = [flow_run_id if word == name else word for word in command(said, "rescind", "cancel")]
    code, out = await scene.rescind("cancel", *typed)

    assert code == 0, out
    assert await running.exit_code() == 0, running.said()
    assert running.said().split()[-2:] == [flow_run_id, "cancelled"]
    states = await scene.task_states(flow_run_id)
    ends = {task.rpartition("-")[2]: state.how for task, state in states.items()}
    assert ends == {"1": "forced", "2": "forced"} | dict.fromkeys("3456", "never_started")
    for task in (f"{flow_run_id}-1", f"{flow_run_id}-2"):
        entry = await scene.event(flow_run_id, "task.cancelled", task)
        assert isinstance(entry.event, TaskCancelled)
        assert entry.event.stopped_confirmed
        pid = entry.event.evidence["pid"]
        assert isinstance(pid, int)
        assert not psutil.pid_exists(pid)
    assert celery.said().count(" received") == 2, "the others were never sent"


async def test_tasks_that_celery_ends_itself_keep_their_ends(
    scene: Scene, worker: Callable[[], Process]
) -> None:
    flow_run_id = scene.named("reports")
    worker()
    running = scene.house.start(ADAPTER, flow_run_id, "0.1")

    assert await running.exit_code() == 0, running.said()
    states = await scene.task_states(flow_run_id)
    assert {state.state for state in states.values()} == {"Finished.Success"}
    assert len(states) == 6


@pytest.mark.slow
async def test_what_lies_in_redis_when_it_is_cancelled_is_not_begun_by_a_worker_that_comes_later(
    scene: Scene, worker: Callable[[], Process]
) -> None:
    flow_run_id = scene.named("reports")
    running = scene.house.start(ADAPTER, flow_run_id, "0")
    await scene.event(flow_run_id, "task.started", f"{flow_run_id}-2")

    await scene.cancel(flow_run_id)
    assert await running.exit_code() == 0, running.said()
    celery = worker()
    # What nobody has cancelled is done after what lies there already.
    other = scene.house.start(ADAPTER, scene.named("other"), "0")

    assert await other.exit_code() == 0, other.said()
    states = await scene.task_states(flow_run_id)
    assert {state.how for state in states.values()} == {"never_started"}
    assert f"[{flow_run_id}-1] succeeded" not in celery.said()
    assert f"[{flow_run_id}-2] succeeded" not in celery.said()
