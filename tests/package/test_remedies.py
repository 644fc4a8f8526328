"""Every command line that a message or a page names is one that the command understands."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer.main

from rescind.cli.app import app
from tests.package.checkout import ROOT, tracked
from tests.pages import commands

QUOTED: Final = re.compile(r"`(rescind [^`]+)`")


def texts(path: Path) -> Iterator[str]:
    """What a file says: a page as it is, of a module its strings, put together."""
    if path.suffix == ".md":
        yield path.read_text(encoding="utf-8")
    elif path.suffix == ".py":
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (p.value if isinstance(p, ast.Constant) else "X" for p in node.values)
                yield "".join(map(str, parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def named() -> Iterator[tuple[str, list[str]]]:
    """Where a command line is named, and its words."""
    for path in tracked():
        place = str(path.relative_to(ROOT))
        if place.startswith("tests/"):
            continue
        for text in texts(path):
            for line in QUOTED.findall(text):
                yield place, shlex.split(line, comments=True)
        if path.suffix == ".md":
            yield from ((place, words) for words in commands(place) if words[0] == "rescind")


def misunderstood(words: list[str]) -> str:
    """What is wrong with it, if anything: a command or an option that there is not."""
    command: Any = typer.main.get_command(app)
    context: Any = command.make_context("rescind", [], resilient_parsing=True)
    # Taken by `main` from wherever it stands.
    rest = [word for word in words[1:] if word not in {"--debug", "...", "…"}]
    while rest and hasattr(command, "get_command") and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        if found is None:
            return f"there is no {rest[0]!r}"
        command, rest = found, rest[1:]
        context = command.make_context(command.name, [], parent=context, resilient_parsing=True)
    known = {name for each in command.get_params(context) for name in each.opts}
    for word in rest:
        if word.startswith("-") and word.partition("=")[0] not in known:
            return f"{command.name} has no {word}"
    return ""


def test_every_command_that_is_named_is_understood() -> None:
    said = [(place, " ".join(words), misunderstood(words)) for place, words in named()]

    assert len(said) > 50
    assert [each for each in said if each[2]] == []


@pytest.mark.parametrize(
    "line", ["rescind audit whisper f", "rescind show f --no-such", "rescind nothing", "rescind -q"]
)
def test_a_command_that_there_is_not_is_found(line: str) -> None:
    assert misunderstood(line.split())
