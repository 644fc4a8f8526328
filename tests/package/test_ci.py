"""What `.ci/run` says at its end: a test that passed only when it was tried again is not hidden."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.package.checkout import ROOT

# Stands for make. The first `make test` fails as pytest does; `$AGAIN` is how the second ends.
MAKE: Final = """#!/bin/sh
case $* in
  test) mkdir -p .cache/pytest/v/cache
        echo '{"tests/a.py::test_of_luck": true, "tests/b.py::test_x[a b]": true}' \\
          > .cache/pytest/v/cache/lastfailed
        exit "$FIRST" ;;
  "test JOBS=0 ARGS=--last-failed"*) exit "$AGAIN" ;;
esac
"""


def ci(folder: Path, first: int, again: int) -> tuple[int, list[str]]:
    """The exit code and the last lines, with nothing but the script and what stands for make."""
    (folder / "clone/.ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci/run", folder / "clone/.ci/run")
    commands = folder / "bin"
    commands.mkdir()
    # Nothing is installed on the machine of whoever tests.
    for name, text in {"make": MAKE, "apt-get": "#!/bin/sh\n"}.items():
        (commands / name).write_text(text)
        (commands / name).chmod(0o755)
    environ = {name: value for name, value in os.environ.items() if name != "RESCIND_CI_BOUNDED"}
    done = subprocess.run(
        ["bash", folder / "clone/.ci/run"],
        env={
            **environ,
            "PATH": f"{commands}:{os.environ['PATH']}",
            "FIRST": str(first),
            "AGAIN": str(again),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize(
    "first,again,code,said",
    [
        (0, 1, 0, ["steps: 4 passed (0 of them only at the second try), 0 failed, "]),
        (
            *(2, 0, 0),
            [
                "passed only at the second try: tests/a.py::test_of_luck",
                "passed only at the second try: tests/b.py::test_x[a b]",
                "steps: 4 passed (1 of them only at the second try), 0 failed, ",
            ],
        ),
        (
            *(2, 2, 1),
            [
                "failed: tests (exit 2)",
                "steps: 3 passed (0 of them only at the second try), 1 failed, ",
            ],
        ),
    ],
    ids=["passed", "passed-again", "failed"],
)
def test_what_passes_only_at_the_second_try_is_counted_and_named(
    tmp_path: Path, first: int, again: int, code: int, said: list[str]
) -> None:
    ended, lines = ci(tmp_path, first, again)

    assert ended == code
    *before, last = lines[-len(said) - 1 :]
    assert before == ["", *said[:-1]]
    # What can be run at all depends on the machine.
    assert last.startswith(said[-1])
