"""What a shell is told when somebody presses Tab, and how it learns to ask."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SHELLS = ["bash", "zsh", "fish"]
PLACES = {
    "bash": ".bash_completions/rescind.sh",
    "zsh": ".zfunc/_rescind",
    "fish": ".config/fish/completions/rescind.fish",
}


def said_by(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "rescind", *arguments],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def completed(shell: str, typed: str) -> "subprocess.CompletedProcess[str]":
    """As the shell's own function asks for it."""
    words = typed.split(" ")
    return said_by(
        _RESCIND_COMPLETE=f"complete_{shell}",
        COMP_WORDS=typed,
        COMP_CWORD=str(len(words) - 1),
        _TYPER_COMPLETE_ARGS=typed,
        _TYPER_COMPLETE_FISH_ACTION="get-args",
    )


@pytest.mark.parametrize("shell", SHELLS)
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


@pytest.mark.parametrize("typed, code", [("rescind dead-letters re", 0), ("rescind show zz", 1)])
def test_fish_hears_whether_there_is_anything_to_complete_or_files_are_meant(
    typed: str, code: int
) -> None:
    said = said_by(
        _RESCIND_COMPLETE="complete_fish",
        _TYPER_COMPLETE_ARGS=typed,
        _TYPER_COMPLETE_FISH_ACTION="is-args",
    )

    assert (said.returncode, said.stderr) == (code, "")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_the_shell_that_is_named_is_shown_whichever_this_is(
    shell: str, tmp_path: Path
) -> None:
    said = said_by("--show-completion", shell, HOME=str(tmp_path))

    assert f"complete_{shell}" in said.stdout
    assert (said.returncode, said.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_that_is_shown_is_the_one_that_is_installed(shell: str, tmp_path: Path) -> None:
    shown = said_by("--show-completion", shell, HOME=str(tmp_path)).stdout
    # Twice is once.
    for _ in range(2):
        said = said_by("--install-completion", shell, HOME=str(tmp_path))
        assert f"{shell} completion installed in {tmp_path}" in said.stdout
        assert (said.returncode, said.stderr) == (0, "")

    assert (tmp_path / PLACES[shell]).read_text().strip() == shown.strip()


@pytest.mark.parametrize("option", ["--show-completion", "--install-completion"])
def test_a_shell_that_nobody_can_teach_is_one_line(option: str, tmp_path: Path) -> None:
    said = said_by(option, "tcsh", HOME=str(tmp_path))

    assert said.returncode == 2
    (line,) = said.stderr.splitlines()
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in line
    assert list(tmp_path.iterdir()) == []


ASKED = {
    # What Tab runs, of what is typed so far; the script has to have named it.
    "bash": """
        source "$HOME/.bashrc"
        complete -p rescind >/dev/null || exit 9
        COMP_WORDS=(rescind dead-letters re); COMP_CWORD=2
        _rescind_completion rescind; echo "${COMPREPLY[@]}" """,
    "fish": """
        source "$HOME/.config/fish/completions/rescind.fish"
        complete --do-complete "rescind dead-letters re" """,
    "zsh": """
        compdef() {}; words=(rescind dead-letters re); CURRENT=3
        _describe() { echo "${(P)${@[-1]}[@]}" }; _arguments() { echo "$@" }
        source "$HOME/.zfunc/_rescind"; _rescind_completion""",
}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_that_was_taught_completes_a_command_of_a_command(
    shell: str, tmp_path: Path
) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    assert said_by("--install-completion", shell, HOME=str(tmp_path)).returncode == 0

    said = subprocess.run(
        [program, "-c", ASKED[shell]],
        env={"HOME": str(tmp_path), "PATH": path}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip

    assert "retry" in said.stdout, said.stderr
    assert said.returncode == 0
