"""What only work on a Dask cluster of others has, who are not touched."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from distributed import Client

from rescind import DaskExecutor
from rescind.errors import ClusterError
from rescind.runners.executors import AttemptKey, Call, Rung, Work, WorkEnd
from rescind.runners.executors.dask import link
from tests.contract.executors import works
from tests.contract.executors.bench import SECONDS_MAX, Bench
from tests.contract.executors.kinds import Kind
from tests.dask_cluster import ForeignCluster, foreign_cluster


def _kind(make: Callable[[], DaskExecutor]) -> Kind:
    return Kind("dask", make, stopped_by={}, late_end="success", runs_at_once=2)


@pytest.fixture
def shared(foreign: ForeignCluster, tmp_path: Path) -> Iterator[Bench]:
    """More at once than the cluster has threads: the rest waits in Dask."""
    with Bench(_kind(lambda: DaskExecutor(4, address=foreign.address)), tmp_path) as bench:
        yield bench


@pytest.fixture
def losing(tmp_path: Path) -> Iterator[Bench]:
    """On a cluster that is there for one test, since it loses workers; restarts are allowed."""
    (tmp_path / "dask").mkdir()
    with foreign_cluster(tmp_path / "dask") as cluster:

        def make() -> DaskExecutor:
            return DaskExecutor(4, address=cluster.address, restart_workers=True)

        with Bench(_kind(make), tmp_path) as bench:
            yield bench


def test_scenario_41_what_waits_in_dask_never_begins_and_others_work_is_untouched(
    shared: Bench, foreign: ForeignCluster
) -> None:
    go, marker = shared.folder / "go", shared.marker()
    with Client(foreign.address, set_as_default=False) as other:
        taken = [shared.folder / f"taken-{number}" for number in range(2)]
        theirs = [other.submit(works.wait_to_be_let_on, path, go, pure=False) for path in taken]
        for path in taken:
            shared.wait_for_file(path)
        key = shared.submit(works.nap, marker, 0.0)
        shared.wait_until(lambda: len(_waiting(other)) == 1)

        assert shared.cancel(key, Rung.FLAG).outcome == "done"
        end = shared.end_of(key)

        assert (end.end, end.how) == ("cancelled", "never_started")
        shared.wait_until(lambda: not _waiting(other))
        go.touch()
        assert [future.result(SECONDS_MAX) for future in theirs] == [works.DONE, works.DONE]
    # Whatever had come after it has run: it would have begun by now.
    assert shared.end_of(shared.submit(works.add, 1)).value == 2
    assert not marker.exists()


def _waiting(client: Client) -> list[object]:
    """The tasks of this cluster that have a worker or none, and do not run."""
    known = client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.tasks))
    return [key for key in known if str(key).startswith("task-")]


def test_work_on_a_foreign_cluster_sees_its_flag_soon(shared: Bench) -> None:
    marker = shared.marker()
    key = shared.submit(works.watch_the_flag, marker)
    shared.wait_for_file(marker)

    shared.cancel(key, Rung.FLAG)
    end = shared.end_of(key)

    assert end.value == f"tidied up after {key.task_run_id}"
    assert isinstance(end.evidence["worker"], str)
    print(f"ended {end.evidence['stop_ms']} ms after its flag")  # noqa: T201 - never asserted.


def test_work_whose_runner_leaves_a_foreign_cluster_sees_its_flag(
    foreign: ForeignCluster, tmp_path: Path
) -> None:
    marker, said = tmp_path / "marker", tmp_path / "said"
    executor = DaskExecutor(1, address=foreign.address)
    executor.start()
    work = Work(AttemptKey("f", "left"), "left", Call(works.watch_and_say, (marker, said)))
    executor.submit(work, _nobody)
    _until(marker.exists)

    assert executor.shutdown(wait_seconds=0) == [work.key]

    _until(lambda: said.exists() and said.read_text() == "tidied up after left")


def test_what_dask_begins_again_because_a_worker_was_lost_does_not_run_twice(
    losing: Bench,
) -> None:
    marker = losing.marker()
    key = losing.submit(works.begin_and_wait, marker)
    losing.wait_until_begun(marker)
    (place,) = (task.place for task in _tasks_of(losing))

    os.kill(place.pid, signal.SIGKILL)
    end = losing.end_of(key)

    # Nobody of ours has seen the end of that process.
    assert (end.end, end.stopped_confirmed) == ("crashed", False)
    assert end.error is not None
    assert "may not begin again" in end.error.message
    assert marker.read_text() == "began\n"


def test_where_that_is_allowed_a_kill_restarts_the_worker_of_that_attempt_alone(
    losing: Bench,
) -> None:
    go, untouched, marker = losing.folder / "go", losing.marker(), losing.marker()
    other = losing.submit(works.wait_to_be_let_on, untouched, go)
    key = losing.submit(works.begin_and_wait, marker)
    losing.wait_until_begun(marker)
    losing.wait_for_file(untouched)
    pid = next(t.place.pid for t in _tasks_of(losing) if t.attempt.key == key)

    losing.cancel(key, Rung.KILL)
    end = losing.end_of(key)

    assert (end.end, end.how, end.stopped_confirmed) == ("cancelled", "forced", True)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert marker.read_text() == "began\n"
    go.touch()
    assert losing.end_of(other).value == works.DONE


def test_a_worker_on_which_other_work_runs_is_not_restarted(tmp_path: Path) -> None:
    (tmp_path / "dask").mkdir()
    with foreign_cluster(tmp_path / "dask", workers=1, threads=2) as cluster:

        def make() -> DaskExecutor:
            return DaskExecutor(2, address=cluster.address, restart_workers=True)

        with Bench(_kind(make), tmp_path) as bench:
            go, untouched, marker = tmp_path / "go", bench.marker(), bench.marker()
            other = bench.submit(works.wait_to_be_let_on, untouched, go)
            key = bench.submit(works.wait_to_be_let_on, marker, tmp_path / "go-on")
            bench.wait_for_file(marker)
            bench.wait_for_file(untouched)

            bench.wait_until(lambda: bench.cancel(key, Rung.KILL).outcome == "failed", 0.05)

            assert "other work runs on the same worker" in bench.cancel(key, Rung.KILL).message
            assert bench.executor.cannot_stop([key, other]) == [key]
            go.touch()
            assert bench.end_of(other).value == works.DONE
            (tmp_path / "go-on").touch()
            bench.end_of(key)


def test_a_cluster_that_is_not_there_is_told_with_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link, "_CONNECT_SECONDS_MAX", 0.5)
    executor = DaskExecutor(address="tcp://127.0.0.1:1")

    with pytest.raises(ClusterError, match=r"at tcp://127\.0\.0\.1:1 that can do work, but"):
        executor.start()
    assert executor.shutdown() == []


def _tasks_of(bench: Bench) -> list[Any]:
    assert isinstance(bench.executor, DaskExecutor)
    return list(bench.executor._on_dask.values())  # noqa: SLF001 - the process is to be met.


def _nobody(_end: WorkEnd) -> None:
    """Whoever looks at what the work wrote needs no end."""


def _until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < until, "it did not come to pass in time"
        time.sleep(0.01)
