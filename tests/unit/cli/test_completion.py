"""What a shell is told when somebody presses Tab."""

import subprocess
import sys

import pytest


def completed(shell: str, typed: str) -> "subprocess.CompletedProcess[str]":
    """As the shell's own function asks for it."""
    words = typed.split(" ")
    environment = {
        "_RESCIND_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(words) - 1),
        "_TYPER_COMPLETE_ARGS": typed,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    return subprocess.run(
        [sys.executable, "-m", "rescind"],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    "typed, expected",
    [("rescind can", "cancel"), ("rescind tokens rev", "revoke"), ("rescind ls --st", "--stuck")],
)
def test_it_completes_commands_and_options_and_says_nothing_else(
    shell: str, typed: str, expected: str
) -> None:
    said = completed(shell, typed)

    assert expected in said.stdout
    assert said.stderr == ""
    assert said.returncode == 0
