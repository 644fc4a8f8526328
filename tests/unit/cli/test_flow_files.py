"""`rescind run --offline` on files as strangers write them: every end is one line and a code."""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rescind.cli.command import run_command
from rescind.cli.flows import running

HEAD = """
from __future__ import annotations
from typing import TYPE_CHECKING
from rescind import Cancelled, current_run, flow, task
if TYPE_CHECKING:
    import pandas as pd
"""


class Ran:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def complaint(self) -> str:
        (line,) = self.err.splitlines()
        assert line.startswith("rescind: "), line
        return line


class Files:
    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def run(self, content: str, *arguments: str, name: str = "my_flow.py", head: str = HEAD) -> Ran:
        file = self.folder / name
        file.write_text(head + content)
        code = run_command(["run", str(file), "--offline", *arguments])
        said = self._capsys.readouterr()
        return Ran(code, said.out, said.err)


@pytest.fixture
def files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Files]:
    monkeypatch.setattr(running, "set_up_logs", lambda: None)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield Files(tmp_path, capsys)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


TYPED = """
class Plain: ...

@flow
def typed(frame: pd.DataFrame | None = None, plain: Plain | None = None, parts: int = 1) -> int:
    return parts
"""


def test_annotations_of_parameters_that_are_not_given_need_not_exist(files: Files) -> None:
    ran = files.run(TYPED, "--param", "parts=3", "--json")

    assert (ran.code, ran.err) == (0, "")
    assert '"value": "3"' in ran.out or '"value":"3"' in ran.out


@pytest.mark.skipif(
    sys.version_info < (3, 14), reason="before Python 3.14 such a file raises when it is imported"
)
def test_nor_need_they_where_python_evaluates_them_late(files: Files) -> None:
    head = HEAD.replace("from __future__ import annotations", "")

    ran = files.run(TYPED, "--param", "parts=3", "--json", head=head)

    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(
    "given,says",
    [
        ("frame=1", "the argument 'frame' cannot be given by --param: its annotation "),
        ("plain=1", "the argument 'plain' cannot be given by --param: no text can be made a "),
        ("parts=many", "the argument parts=many: "),
    ],
)
def test_a_parameter_that_cannot_be_read_is_named_in_one_line(
    files: Files, given: str, says: str
) -> None:
    ran = files.run(TYPED, "--param", given)

    assert ran.code == 8
    assert says in ran.complaint


@pytest.mark.parametrize("raised", ["Cancelled()", "SystemExit(3)", "ValueError('two\\nlines')"])
def test_a_file_that_raises_when_it_is_imported_is_one_line(files: Files, raised: str) -> None:
    ran = files.run(f"raise {raised}")

    assert ran.code == 8
    assert f", line 7, raised {raised.partition('(')[0]}" in ran.complaint


@pytest.mark.usefixtures("files")
def test_a_name_that_no_file_can_have_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["run", "x" * 256, "--offline"]) == 8

    (line,) = capsys.readouterr().err.splitlines()
    assert "to name a flow, as FILE:FLOW, but File name too long: " in line


NAMESAKE = """
@flow
def here() -> str:
    return __name__
"""


@pytest.mark.parametrize("name", ["json.py", "queue.py", "aiokafka.py", "my.flow.py"])
def test_a_file_named_as_a_module_of_others_does_not_replace_it(files: Files, name: str) -> None:
    stem = name.removesuffix(".py")
    before = sys.modules.pop(stem, None)

    try:
        ran = files.run(NAMESAKE, name=name)
        if stem != "my.flow":
            found = importlib.import_module(stem).__file__
            assert not str(found).startswith(str(files.folder))
    finally:
        if before is not None:
            sys.modules[stem] = before

    assert ran.code == 0, ran.err


def test_a_file_with_a_name_of_its_own_keeps_it_each_time(files: Files) -> None:
    for _ in range(2):
        ran = files.run(NAMESAKE, "--json")

        assert "'my_flow'" in ran.out


@pytest.mark.parametrize("number", [0, 3, 7])
@pytest.mark.parametrize("where", ["ends()", "ends.submit().result()"])
def test_a_flow_that_ends_its_process_has_failed_whatever_number_it_says(
    files: Files, where: str, number: int
) -> None:
    ran = files.run(f"""
@task
def ends() -> None:
    raise SystemExit({number})

@flow
def all_of_it() -> None:
    {where}
""")

    assert ran.code == 1
    assert f"failed: SystemExit: {number}" in ran.out


def test_a_message_of_several_lines_is_told_in_one(files: Files) -> None:
    ran = files.run("""
@flow
def breaks() -> None:
    raise ValueError("one\\ntwo")
""")

    assert ran.out.splitlines() == ["offline failed: ValueError: one two"]


def test_a_value_that_cannot_be_shown_is_no_failure(files: Files) -> None:
    ran = files.run(
        """
class Odd:
    def __repr__(self) -> str:
        raise ValueError("not ready")

@flow
def odd() -> Odd:
    return Odd()
""",
        "--json",
    )

    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out)["value"] == "Odd, whose repr raised ValueError: not ready"


def test_the_place_of_an_error_is_the_last_line_of_the_user(files: Files) -> None:
    ran = files.run("""
import json

@flow
def breaks() -> None:
    json.loads("{")
""")

    assert f"{files.folder / 'my_flow.py'}, line 12, in breaks" in ran.err
