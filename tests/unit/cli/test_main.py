"""The last line of a command that went wrong: one, with a remedy, and never a traceback."""

import pytest

from rescind.cli import main
from rescind.cli.exits import Exit
from rescind.cli.main import run_command
from rescind.errors import UnknownRunError


def lines(text: str) -> list[str]:
    return text.splitlines()


@pytest.mark.parametrize(
    "arguments,says",
    [
        (["no-such-command"], "No such command 'no-such-command'; see `rescind --help`"),
        (["ls", "--no-such"], "see `rescind ls --help`"),
        (["cancel"], "Missing argument 'ID'; see `rescind cancel --help`"),
        (["cancel", "f", "--grace", "soon"], "--grace"),
        (["ls", "--label", "team"], "expected --label key=value, but got 'team'"),
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

    monkeypatch.setattr(main, "app", broken)

    assert run_command(["ls", *debug]) == Exit.BUG

    err = capsys.readouterr().err
    assert ("Traceback" in err) is bool(debug)
    assert "but it has a bug: KeyError" in lines(err)[-1]


def test_an_error_of_several_tasks_is_told_as_if_there_were_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: object) -> int:
        raise ExceptionGroup("tasks", [ExceptionGroup("inner", [UnknownRunError("f")])])

    monkeypatch.setattr(main, "app", broken)

    assert run_command(["show", "f"]) == Exit.UNKNOWN_ID
    assert "none is known as 'f'" in capsys.readouterr().err


def test_ctrl_c_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(**_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "app", interrupted)

    assert run_command(["watch", "f"]) == Exit.INTERRUPTED


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
