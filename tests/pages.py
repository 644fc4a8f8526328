"""The code and the commands of the project's pages, cut out of them, so that nothing is copied."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["ROOT", "blocks", "command", "commands", "usage"]

ROOT: Final = Path(__file__).parents[1]

_FENCE: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in this language."""
    found = _FENCE.findall((ROOT / page).read_text(encoding="utf-8"))
    return [text for kind, text in found if kind == language]


def commands(page: str) -> list[list[str]]:
    """The shell lines of a page, each as its words, without comments."""
    return list(_lines("".join(blocks(page, "sh"))))


def usage(program: str) -> list[list[str]]:
    """The lines of a program's docstring that can be typed: indented, or beginning so."""
    docstring = ast.get_docstring(ast.parse((ROOT / program).read_text(encoding="utf-8"))) or ""
    return [words for words in _lines(docstring) if words[0] in {"python", "rescind"}]


def command(found: list[list[str]], *beginning: str) -> list[str]:
    """The rest of the one line that begins so."""
    (rest,) = [
        words[len(beginning) :] for words in found if words[: len(beginning)] == [*beginning]
    ]
    return rest


def _lines(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue  # prose with an apostrophe
        if words:
            yield words
