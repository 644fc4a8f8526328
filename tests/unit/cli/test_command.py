"""The last line of a command that went wrong: one, with a remedy, and never a traceback."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from rescind.cli import command, session
from rescind.cli.command import run_command
from rescind.cli.exits import Exit
from rescind.cli.flows import running
from rescind.cli.main import main
from rescind.errors import UnknownRunError
from rescind.runners.infrastructure.kinds import KINDS

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "nightly.py"


@pytest.fixture(autouse=True)
def _the_log_of_this_process_is_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "configure_logging", str)
    monkeypatch.setattr(running, "configure_logging", str)


def lines(text: str) -> list[str]:
    return text.splitlines()


@pytest.mark.parametrize(
    "arguments,says",
    [
        (["no-such-command"], "No such command 'no-such-command'; see `rescind --help`"),
        (["ls", "--no-such"], "see `rescind ls --help`"),
        (["show"], "Missing argument 'ID'; see `rescind show --help`"),
        (["tokens", "create", "ada"], "Choose from: read, cancel, admin; see `rescind tokens"),
        (["cancel"], "expected either IDs or --where"),
        (["cancel", "f", "--where", "name=f"], "expected either IDs or --where"),
        (["cancel", "f", "g", "--task", "t"], "expected --task with one ID"),
        (["cancel", "f", "--task", "t", "--arm"], "expected --task with one ID, and without --arm"),
        (["cancel", "f", "--cascade", "all"], "'all' is not one of 'wait', 'request', 'none'"),
        (["bulk", "start"], "expected --where, or the --id of a draft"),
        (["bulk", "start", "--where", "team=etl"], "parent, label.KEY, but got 'team'"),
        (["bulk", "start", "--where", "state=failed"], "running.cancelling, but got 'failed'"),
        (["bulk", "start", "--where", "name=f", "--id", "@b"], "bulk_id: expected"),
        (["cancel", "f", "--grace", "soon"], "--grace"),
        (["run", "f.py", "--executor", "ray"], "async, dask, dask:ADDRESS, but got 'ray'"),
        (["run", "f.py", "--executor", "thread:4"], "dask:ADDRESS, but got 'thread:4'"),
        (["ls", "--label", "team"], "expected --label key=value, but got 'team'"),
        (["ls", "--label", "team=a", "--label", "team=b"], "with each key once, but got 'team'"),
        (["ls", "--state", "stopped"], "finished.cancelled, but got 'stopped'"),
        (["topics", "acls", "--user", "cook=eve"], "expected a role (worker, agents"),
    ],
)
def test_a_command_that_is_not_understood_is_one_line_and_two(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(arguments) == Exit.USAGE

    out, err = capsys.readouterr()
    assert out == ""
    (line,) = lines(err)
    assert line.startswith("rescind: ")
    assert says in line


@pytest.mark.parametrize("debug", [[], ["--debug"]], ids=["", "debug"])
def test_a_bug_is_one_line_unless_more_is_wanted(
    debug: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: object) -> int:
        raise KeyError("a bug\nof two lines")

    monkeypatch.setattr(command, "app", broken)

    assert run_command(["ls", *debug]) == Exit.BUG

    err = capsys.readouterr().err
    assert ("Traceback" in err) is bool(debug)
    assert "but it has a bug: KeyError" in lines(err)[-1]


def test_an_error_of_several_tasks_is_told_as_if_there_were_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: object) -> int:
        raise ExceptionGroup("tasks", [ExceptionGroup("inner", [UnknownRunError("f")])])

    monkeypatch.setattr(command, "app", broken)

    assert run_command(["show", "f"]) == Exit.UNKNOWN_ID
    assert "none is known as 'f'" in capsys.readouterr().err


def test_of_several_errors_that_are_bugs_the_first_is_named_and_not_their_group(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: object) -> int:
        raise ExceptionGroup("tasks", [KeyError("which")])

    monkeypatch.setattr(command, "app", broken)

    assert run_command(["watch", "f"]) == Exit.BUG
    assert "bug: KeyError: 'which';" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["journal"], ["audit"], ["topics"]], ids=" ".join)
def test_the_help_of_a_command_that_is_none_by_itself_comes_without_a_complaint(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(arguments) == Exit.USAGE

    said = capsys.readouterr()
    assert "Usage: rescind" in said.out + said.err
    assert "rescind: " not in said.err


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]], ids=" ".join)
def test_a_disk_that_is_full_is_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        code = run_command(arguments)
        # What Python does with it as it ends.
        full.flush()

    (line,) = lines(capsys.readouterr().err)
    assert code == Exit.UNWRITTEN
    assert line == "rescind: expected room for what there is to write, but: No space left on device"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]], ids=" ".join)
def test_a_reader_who_has_gone_is_told_nothing(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        code = run_command(arguments)
        closed.flush()

    assert (code, capsys.readouterr().err) == (Exit.UNHEARD, "")


def test_ctrl_c_while_the_command_is_imported_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Pressed:
        def find_spec(self, *_: object) -> None:
            raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, command.__name__)
    monkeypatch.setattr(sys, "meta_path", [Pressed()])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == Exit.INTERRUPTED


def test_ctrl_c_in_code_that_was_text_ends_the_process_with_the_code_of_any_other(
    tmp_path: Path,
) -> None:
    file = tmp_path / "imported.py"
    file.write_text("exec('raise KeyboardInterrupt')")

    ended = subprocess.run(
        [sys.executable, "-m", "rescind", "run", f"{file}:flow"], capture_output=True, check=False
    )

    assert (ended.returncode, ended.stderr) == (Exit.INTERRUPTED, b"")


def test_ctrl_c_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(**_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "app", interrupted)

    assert run_command(["watch", "f"]) == Exit.INTERRUPTED


@pytest.mark.parametrize(
    "arguments",
    [["ls"], ["topics", "acls"], ["run", "nightly.py"], ["up"], ["demo"]],
    ids=" ".join,
)
def test_a_variable_that_changes_nothing_is_told_to_whoever_types(
    arguments: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    shutil.copy(EXAMPLE, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RESCIND_BOOTSTRAPS", "kafka:9092")
    # So that it goes no further.
    monkeypatch.setenv("RESCIND_PARTITIONS", "none")

    assert run_command(arguments) == Exit.USAGE

    told, wrong = lines(capsys.readouterr().err)
    assert told.startswith("rescind: RESCIND_BOOTSTRAPS is set, and no setting is called so; ")
    assert "RESCIND_PARTITIONS" in wrong


def test_a_demo_that_goes_no_further_than_its_settings_leaves_no_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("RESCIND_PARTITIONS", "none")

    assert run_command(["demo"]) == Exit.USAGE

    assert list(tmp_path.iterdir()) == []


def test_a_choice_that_there_is_not_is_told_in_plain_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_command(["runner", "--on", "mainframe"]) == Exit.USAGE

    (said,) = lines(capsys.readouterr().err)
    kinds = ", ".join(repr(kind) for kind in KINDS)
    assert said.startswith(
        f"rescind: Invalid value for '--on': 'mainframe' is not one of {kinds}; see "
    )


def test_debug_after_two_dashes_is_somebody_elses() -> None:
    assert run_command(["ls", "--", "--debug"]) == Exit.USAGE


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["cancel", "--help"], ["--version"]])
def test_help_is_data_and_a_success(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(arguments) == Exit.OK

    out, err = capsys.readouterr()
    assert out
    assert err == ""
