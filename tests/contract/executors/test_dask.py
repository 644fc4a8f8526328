"""What only work on a Dask cluster of our own has, and a race that both kinds have to stand."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rescind import DaskExecutor
from rescind.runners.executors import AttemptKey, Rung
from rescind.runners.executors.processtree.identity import carriers
from tests.contract.executors import works
from tests.contract.executors.bench import SECONDS_MAX, Bench
from tests.contract.executors.kinds import KINDS, Kind

ROUNDS = 150

RUNNER = """
import sys, time
from pathlib import Path
from rescind import DaskExecutor
from rescind.runners.executors import AttemptKey, Call, Work
from tests.contract.executors import works

executor = DaskExecutor(1)
executor.start()
folder = Path(sys.argv[1])
executor.submit(Work(AttemptKey("f", "t"), "t", Call(works.found_a_family, (folder,))), print)
time.sleep(60)
"""


def _kind(make: Callable[[], DaskExecutor]) -> Kind:
    return Kind("dask", make, stopped_by={}, late_end="success", runs_at_once=2)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Bench]:
    with Bench(_kind(lambda: DaskExecutor(2)), tmp_path) as bench:
        yield bench


def test_a_kill_ends_a_worker_of_our_own_with_all_that_it_started_and_no_other(own: Bench) -> None:
    untouched = own.marker()
    other = own.submit(works.wait_to_be_let_on, untouched, own.folder / "go")
    own.wait_for_file(untouched)
    key = own.submit(works.found_a_family, own.folder)

    def kill() -> None:
        own.wait_for_file(own.folder / "deaf")
        own.wait_for_file(own.folder / "daemon")
        own.cancel(key, Rung.KILL)

    own.meanwhile(kill)
    end = own.end_of(key)

    assert (end.end, end.how, end.stopped_confirmed) == ("cancelled", "forced", True)
    assert end.evidence["survivors"] == []
    killed = end.evidence["killed"]
    assert isinstance(killed, list)
    assert len(killed) >= 5, "the worker and its four"
    assert not [line for line in own.processes() if "sleep" in line]
    print(f"killed {end.evidence['stop_ms']} ms after it was asked")  # noqa: T201 - never asserted.
    (own.folder / "go").touch()
    assert own.end_of(other).value == works.DONE
    # Its slot has a new worker.
    assert [own.end_of(own.submit(works.add, number)).value for number in range(4)] == [1, 2, 3, 4]


@pytest.mark.parametrize("how, exit_code", [("exit", 3), ("signal", -11)])
def test_a_crash_of_a_worker_of_our_own_takes_down_its_own_attempt_only(
    own: Bench, how: str, exit_code: int
) -> None:
    other = own.submit(works.wait_to_be_let_on, own.marker(), own.folder / "go")
    crashing = own.submit(works.crash, how)

    end = own.end_of(crashing)

    assert (end.end, end.evidence["exit_code"], end.stopped_confirmed) == (
        "crashed",
        exit_code,
        True,
    )
    (own.folder / "go").touch()
    assert own.end_of(other).value == works.DONE
    assert own.end_of(own.submit(works.add, 1)).value == 2


def test_what_a_finished_task_left_on_a_worker_of_our_own_ends_with_the_cluster(own: Bench) -> None:
    assert own.end_of(own.submit(works.leave_a_family, own.folder)).end == "success"

    assert [line for line in own.processes() if "sleep" in line]
    assert own.executor.shutdown(kill=True) == []
    assert own.processes() == []


def test_nothing_of_a_cluster_of_our_own_outlives_a_runner_that_is_killed(tmp_path: Path) -> None:
    mark = f"{tmp_path.name}-{os.getpid()}"
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(tmp_path)],
        env=os.environ | {"RESCIND_TEST_MARK": mark},
        cwd=Path(__file__).parents[3],
    )
    with runner:
        _until(lambda: (tmp_path / "deaf").exists() and (tmp_path / "daemon").exists())
        assert len(carriers("RESCIND_TEST_MARK", mark)) >= 8
        runner.send_signal(signal.SIGKILL)

    _until(lambda: not carriers("RESCIND_TEST_MARK", mark))


@pytest.mark.parametrize("kind", [k for k in KINDS if k.name.startswith("dask")], indirect=True)
def test_what_is_said_never_to_have_started_has_not_whenever_the_cancel_comes(
    bench: Bench,
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - whoever has to repeat it needs it.
    chance = random.Random(seed)
    markers: dict[AttemptKey, Path] = {}

    for _ in range(ROUNDS):
        marker = bench.marker()
        key = bench.submit(works.note_that_it_began, marker)
        markers[key] = marker
        time.sleep(chance.random() * 0.02)
        bench.cancel(chance.choice(list(markers)), Rung.FLAG)
    ends = {key: bench.end_of(key) for key in markers}

    for key, marker in markers.items():
        begun = marker.read_text() if marker.exists() else ""
        assert begun == ("" if ends[key].how == "never_started" else "began\n"), ends[key]
    assert set(bench.told.values()) == {1}
    print([end.how or end.end for end in ends.values()].count("never_started"), "never started")  # noqa: T201


def _until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < until, "it did not come to pass in time"
        time.sleep(0.01)
