"""No process of an attempt outlives it: scenario 39, and what else can leave one behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from rescind.runners.executors import Rung, WorkEnd
from rescind.runners.executors.processtree.identity import carriers
from tests.contract.executors import works
from tests.contract.executors.bench import SECONDS_MAX, Bench

RUNNER = """
import sys, time
from pathlib import Path
from rescind.runners.executors import AttemptKey, Call, ProcessExecutor, Work
from tests.contract.executors import works

executor = ProcessExecutor(1, use_cgroup=sys.argv[2] == "cgroup")
executor.start()
folder = Path(sys.argv[1])
executor.submit(Work(AttemptKey("f", "t"), "t", Call(works.found_a_family, (folder,))), print)
time.sleep(60)
"""


def _alive(pid: object) -> bool:
    assert isinstance(pid, int)
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _names(listing: object) -> list[str]:
    assert isinstance(listing, list)
    return sorted(entry["name"] for entry in listing)


@pytest.mark.parametrize("rung", [Rung.INTERRUPT, Rung.TERMINATE, Rung.KILL])
def test_scenario_39_no_grandchild_survives_a_cancel(trees: Bench, rung: Rung) -> None:
    key = trees.submit(works.found_a_family, trees.folder)
    rungs = (rung, Rung.KILL) if rung is Rung.TERMINATE else (rung,)

    def cancel() -> None:
        trees.wait_for_file(trees.folder / "deaf")
        trees.wait_for_file(trees.folder / "daemon")
        for each in rungs:
            trees.cancel(key, each)

    trees.meanwhile(cancel)
    end = trees.end_of(key)

    assert end.end == "cancelled"
    assert (end.stopped_confirmed, end.evidence["survivors"]) == (True, [])
    assert trees.processes() == _only_supervisors(trees)
    if rung is Rung.INTERRUPT:
        # The worker gave way; what it had started was ended behind it.
        assert end.how == "graceful"
        assert len(_names(end.evidence["leftovers"])) == 4
    print(f"{trees.kind.name}, family by {rung}: {end.evidence['stop_ms']} ms")  # noqa: T201 - never asserted.


def test_what_a_finished_attempt_leaves_behind_is_ended_and_named(trees: Bench) -> None:
    end = trees.end_of(trees.submit(works.leave_a_family, trees.folder))

    assert (end.end, end.value) == ("success", works.DONE)
    assert len(_names(end.evidence["leftovers"])) == 4
    assert len(_names(end.evidence["killed"])) == 1, "only the deaf one had to be killed"
    assert end.evidence["survivors"] == []
    assert trees.processes() == _only_supervisors(trees)


def test_after_sigterm_children_have_until_the_kill_to_tidy_up(trees: Bench) -> None:
    key = trees.submit(works.found_a_family, trees.folder)

    def terminate_look_and_kill() -> None:
        trees.wait_for_file(trees.folder / "deaf")
        trees.wait_for_file(trees.folder / "daemon")
        trees.cancel(key, Rung.TERMINATE)
        # All but the supervisor and the deaf one: that one is given its time.
        trees.wait_until(lambda: len(trees.processes()) == len(_only_supervisors(trees)) + 1)
        assert trees.executor.held() == [key]
        trees.cancel(key, Rung.KILL)

    trees.meanwhile(terminate_look_and_kill)
    end = trees.end_of(key)

    assert (end.end, end.how, end.evidence["survivors"]) == ("cancelled", "forced", [])


@pytest.mark.parametrize("means", ["cgroup", "tree"])
def test_nothing_outlives_a_runner_that_is_killed(tmp_path: Path, means: str) -> None:
    mark = f"{tmp_path.name}-{os.getpid()}"
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(tmp_path), means],
        env=os.environ | {"RESCIND_TEST_MARK": mark},
        cwd=Path(__file__).parents[3],
    )
    with runner:
        _until(lambda: (tmp_path / "deaf").exists() and (tmp_path / "daemon").exists())
        assert len(carriers("RESCIND_TEST_MARK", mark)) == 7
        runner.send_signal(signal.SIGKILL)

    _until(lambda: not carriers("RESCIND_TEST_MARK", mark))


def test_nothing_outlives_a_supervisor_that_is_killed(trees: Bench) -> None:
    key = trees.submit(works.found_a_family, trees.folder)

    def kill_the_supervisor() -> None:
        trees.wait_for_file(trees.folder / "deaf")
        trees.wait_for_file(trees.folder / "daemon")
        (supervisor,) = _supervisors(trees)
        supervisor.kill()

    trees.meanwhile(kill_the_supervisor)
    end = trees.end_of(key)

    assert end.end == "crashed"
    assert end.evidence["survivors"] == []
    # Without a cgroup, what was started with a clean environment could not be found.
    assert end.stopped_confirmed == trees.kind.uses_cgroup
    assert trees.processes() == []
    assert trees.end_of(trees.submit(works.add, 1)).value == 2


@pytest.mark.slow
def test_a_supervisor_that_does_not_answer_is_ended_with_its_tree(trees: Bench) -> None:
    key = trees.submit(works.found_a_family, trees.folder)

    def stop_the_supervisor_and_kill() -> None:
        trees.wait_for_file(trees.folder / "deaf")
        trees.wait_for_file(trees.folder / "daemon")
        (supervisor,) = _supervisors(trees)
        supervisor.suspend()
        trees.cancel(key, Rung.KILL)

    trees.meanwhile(stop_the_supervisor_and_kill)
    end = trees.end_of(key)

    assert (end.end, end.how, end.evidence["survivors"]) == ("cancelled", "forced", [])
    assert trees.processes() == []


def test_the_evidence_names_processes_that_were_really_there(trees: Bench) -> None:
    marker = trees.marker()
    key = trees.submit(works.nap, marker, SECONDS_MAX)
    ends: list[WorkEnd] = []

    trees.when_there(marker, lambda: trees.cancel(key, Rung.KILL))
    ends.append(trees.end_of(key))

    evidence = ends[0].evidence
    assert evidence["signal"] == "SIGKILL"
    assert evidence["means"] == ("cgroup" if trees.kind.uses_cgroup else "tree")
    assert not _alive(evidence["pid"])


def _only_supervisors(trees: Bench) -> list[str]:
    children = {child.pid for child in psutil.Process().children()}
    return [line for line in trees.processes() if int(line.split()[0]) in children]


def _supervisors(trees: Bench) -> list[psutil.Process]:
    return [psutil.Process(int(line.split()[0])) for line in _only_supervisors(trees)]


def _until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < until, "it did not come to pass in time"
        time.sleep(0.01)
