"""The demo's verdicts: each can be broken, by what the ledger says and by what still runs."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rescind.cli.command import run_command
from rescind.cli.demo import running
from rescind.cli.demo.account import account_of, how_fast
from rescind.cli.demo.cast import CASTS
from rescind.cli.demo.files import count_files, make_files
from rescind.cli.demo.ledger import Ledger, Line
from rescind.cli.demo.leftovers import all_below, still_there
from rescind.cli.demo.place import MARK
from rescind.cli.demo.verdicts import judge
from rescind.cli.exits import Exit
from rescind.cli.up.house import House
from rescind.errors import FilesError
from rescind.events.journal import Account, FlowCancelled
from rescind.runners.executors.processtree.identity import read_process
from tests.scenario import given
from tests.words import acknowledged, cancel, ended, flow, granted, registered, runner, started
from tests.words import stopped as was_stopped

CAST = CASTS["process"]


def good() -> Ledger:
    """What the demo with processes is to come to."""
    ledger = Ledger(asked_ms=1_000, acknowledged_ms=1_030)
    ledger.over = FlowCancelled(cancellation_id="c", account=Account(took_ms=3_100))
    names = {"checksum": "succeeded", "upload": "succeeded", "compress": "never_started"}
    for name in ("checksum", "compress", *CAST.at_work):
        end = names.get(name, "graceful")
        line = Line(f"{name}-1", name, "task")
        line.end = end if end == "succeeded" else "cancelled"
        line.how = "" if end == "succeeded" else end
        ledger.lines[line.task_run_id] = line
    return ledger


def broken(ledger: Ledger) -> list[str]:
    return [verdict.promise for verdict in judge(ledger, CAST, [], "") if not verdict.kept]


def test_a_showing_as_it_is_meant_keeps_every_promise() -> None:
    assert broken(good()) == []


def _not_over(ledger: Ledger) -> None:
    ledger.over = None


def _failed(ledger: Ledger) -> None:
    ledger.lines["checksum-1"].end = "failed"


def _not_stopped(ledger: Ledger) -> None:
    ledger.lines["derive-1"].end, ledger.lines["derive-1"].how = "succeeded", ""


def _given_up(ledger: Ledger) -> None:
    ledger.lines["derive-1"].how = "deadline"


def _cut_off(ledger: Ledger) -> None:
    ledger.lines["upload-1"].end, ledger.lines["upload-1"].how = "cancelled", "forced"


def _started(ledger: Ledger) -> None:
    ledger.lines["compress-1"].end, ledger.lines["compress-1"].how = "succeeded", ""


def _open(ledger: Ledger) -> None:
    ledger.lines["body"] = Line("body", "archive", "body")


def _unseen(ledger: Ledger) -> None:
    ledger.lines["watch-1"].confirmed = False


def _missing(ledger: Ledger) -> None:
    del ledger.lines["sleep-1"]


@pytest.mark.parametrize(
    "harm,promise",
    [
        (_not_over, "the flow run is Cancelled"),
        (_failed, "what ended before the cancel kept its end"),
        (_not_stopped, "what ran and could be stopped was stopped"),
        (_given_up, "what ran and could be stopped was stopped"),
        (_missing, "what ran and could be stopped was stopped"),
        (_cut_off, "what could not, or asked for time, ended well"),
        (_started, "what had not begun never started"),
        (_open, "every task run has ended"),
        (_unseen, "every stop was seen"),
    ],
)
def test_each_promise_can_be_broken(harm: Callable[[Ledger], None], promise: str) -> None:
    ledger = good()
    harm(ledger)

    assert broken(ledger) == [promise]


def test_a_process_that_runs_and_a_journal_that_is_not_whole_break_theirs() -> None:
    itself = read_process(os.getpid())
    assert itself is not None

    verdicts = {v.promise: v.found for v in judge(good(), CAST, [itself], "look")}

    assert str(os.getpid()) in verdicts["no process of it runs"]
    assert verdicts["the journal is whole"] == "look"


def test_of_a_demo_in_a_container_that_is_told_as_well() -> None:
    left = "rescind-1 is exited"

    of_one_here = [verdict.promise for verdict in judge(good(), CAST, [], "")]
    gone, there = (
        {verdict.promise: verdict.found for verdict in judge(good(), CAST, [], "", found)}
        for found in ("", left)
    )

    assert "its container is gone" not in of_one_here
    assert gone["its container is gone"] == ""
    assert there["its container is gone"] == left


def test_what_ran_away_is_found_by_its_environment(tmp_path: Path) -> None:
    environment = {**os.environ, MARK: str(tmp_path)}
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as process:
        # Other tests have processes of their own below this one.
        below = [one for one in all_below(os.getpid()) if one.pid == process.pid]
        # Its environment is there once it is a program of its own.
        while not (found := still_there([], MARK, tmp_path)):
            assert process.poll() is None

        assert len(below) == 1
        assert [one.pid for one in found] == [process.pid]
        assert still_there([], MARK, tmp_path / "of another demo") == []
        process.communicate()
    assert still_there(below, MARK, tmp_path) == []


def test_the_ledger_is_kept_by_the_journal_alone() -> None:
    world = given(runner, flow, started, registered("a", "b", "c"), granted("a", "b"))
    world.when(ended("b"), cancel, acknowledged("a"))
    world.when(was_stopped("a", evidence={"after_ms": 12}))
    ledger = Ledger()
    for entry in world.world.journal:
        ledger.hear(entry)

    ends = {line.task_run_id: (line.end, line.how) for line in ledger.lines.values()}

    assert ends == {
        "a": ("cancelled", "graceful"),
        "b": ("succeeded", ""),
        "c": ("cancelled", "never_started"),
    }
    assert ledger.lines["a"].after_ms == 12
    assert ledger.over is not None
    assert ledger.over.account.cancelled == 1
    assert account_of(ledger)["asked_to_acknowledged_ms"] == 0
    assert "The runner acknowledged 0 ms after the request" in how_fast(ledger)


def test_ctrl_c_before_kafka_is_up_is_no_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Starting(House):
        async def start(self) -> None:
            signal.raise_signal(signal.SIGINT)
            await asyncio.Event().wait()

    monkeypatch.setattr(running, "House", Starting)
    monkeypatch.setattr(running, "run", asyncio.run)

    assert run_command(["demo"]) == Exit.INTERRUPTED
    assert capsys.readouterr().err.splitlines() == ["Stopping; once more ends it at once."]


def test_the_files_are_the_same_every_time(tmp_path: Path) -> None:
    first, second = make_files(tmp_path / "first"), make_files(tmp_path / "second")

    names = sorted(path.relative_to(first) for path in first.rglob("*.dat"))
    assert len(names) == count_files(second) == 40
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)


@pytest.mark.parametrize("name,why", [("none", "no such folder"), ("empty", "no file in it")])
def test_a_folder_without_files_is_refused_before_anything_is_started(
    tmp_path: Path, name: str, why: str
) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(FilesError, match=why):
        count_files(tmp_path / name)
