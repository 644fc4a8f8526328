"""House rules that no linter knows, held over every file that git tracks.

A rule belongs here when a newcomer would break it without noticing. Files that are not yet
added are not looked at, so that unfinished work stays its owner's.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.package.checkout import ROOMS, ROOT, tracked

# Text is what people write; everything else is checked by whoever reads it.
BINARY_SUFFIXES: Final = frozenset({".gz", ".ico", ".jpg", ".png", ".woff2", ".zip"})

MODULE_LINES_MAX: Final = 300
FUNCTION_LINES_MAX: Final = 70

# What must keep its own spelling because it is the name of somebody else's API, word for word.
FOREIGN_SPELLINGS: Final = frozenset[str]()

FORBIDDEN_TEXT: Final = {
    "a path that only one machine has": re.compile(
        r"(?<![\w.:*-])/(?:tmp|root|work|home|farm|Users)/(?!rescind|kafka)[\w.-]+"
    ),
    "the host of a package registry: clients know theirs": re.compile(
        r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|maven\.(?:org|apache)|debian\.org"
        r"|(?:registry|hub)[.-]\w*\.?docker\.(?:io|com)|ghcr\.io|quay\.io|crates\.io|golang\.org"
    ),
    "unfinished work": re.compile(r"\b(?:TO[D]O|FIX[M]E|X[X]X)\b"),
}
ONE_L: Final = re.compile(r"\w*cancel(?:ed|ing|ation|er)\w*", re.IGNORECASE)
LOCKS_OF_OTHER_TOOLS: Final = ("uv.lock", "package-lock.json", "poetry.lock", "Pipfile.lock")


def lines() -> Iterator[tuple[str, str]]:
    """Each line of each tracked text with its place, `path:number`."""
    for path in tracked():
        # What others have made is kept as it is.
        if path.suffix in BINARY_SUFFIXES or path.parent.name == "vendor":
            continue
        text = path.read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), start=1):
            yield f"{path.relative_to(ROOT)}:{number}", line


def modules(*folders: str) -> Iterator[Path]:
    for path in tracked():
        if path.suffix == ".py" and (not folders or path.relative_to(ROOT).parts[0] in folders):
            yield path


def test_no_module_is_longer_than_its_one_thing() -> None:
    sizes = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules()}

    assert {name: size for name, size in sizes.items() if size > MODULE_LINES_MAX} == {}


def test_no_function_is_longer_than_seventy_lines() -> None:
    too_long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]

    assert too_long == []


@pytest.mark.parametrize("what", FORBIDDEN_TEXT)
def test_no_line_holds_what_belongs_elsewhere(what: str) -> None:
    found = [
        f"{place} {line.strip()}" for place, line in lines() if FORBIDDEN_TEXT[what].search(line)
    ]

    assert found == [], what


def test_cancelled_and_its_kin_have_two_ls() -> None:
    one_l = [
        f"{place} {word}"
        for place, line in lines()
        for word in ONE_L.findall(line)
        if word not in FOREIGN_SPELLINGS
    ]

    assert one_l == []


def test_only_requirements_dev_locks_anything() -> None:
    assert [path.name for path in tracked() if path.name in LOCKS_OF_OTHER_TOOLS] == []


def test_the_core_asks_no_clock_and_no_hash_seed() -> None:
    """What it may import is held by a contract; these come without an import."""
    asked = [
        f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(node.func)}()"
        for path in modules("events", "statemachine")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and _is_impure(node.func)
    ]

    assert asked == []


def _is_impure(function: ast.expr) -> bool:
    match function:
        case ast.Attribute(attr="now" | "utcnow" | "today"):
            return True
        case ast.Name(id="hash" | "id" | "input" | "open" | "print"):
            return True
        case _:
            return False


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_is_real_at_the_root_and_linked_into_the_package(room: str) -> None:
    link = ROOT / "src" / "rescind" / room

    assert link.is_symlink()
    assert link.readlink() == Path("../..") / room
    assert (ROOT / room).is_dir()
    assert not (ROOT / room).is_symlink()


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_refuses_to_be_imported_by_its_folder_name(room: str) -> None:
    attempt = subprocess.run(
        [sys.executable, "-c", f"import {room}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert attempt.returncode != 0
    assert f"import rescind.{room}, not {room}" in attempt.stderr
