"""`Output`: what a command says, to a person or to a program.

Data goes to stdout, everything else to stderr, so that a pipe gets data alone. No colours and no
cut lines where there is no terminal. Text is never read as markup: it may be a stranger's.
"""

import shutil
import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any, Final

import orjson
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from rescind.telling.words import plain

__all__ = ["Output", "columns", "console", "terminal_rows"]

# No table is cut where nobody looks: a program, or a file, reads whole lines.
_UNBOUNDED_COLUMNS: Final = 10_000
_CHARACTERS_MAX: Final = 10_000


def console(*, stderr: bool = False) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _UNBOUNDED_COLUMNS
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=width)


class Output:
    """One command's way to speak. With ``as_json``, what is for people is left out."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.out = console()
        self.err = console(stderr=True)

    def document(self, value: Any) -> None:
        """The one JSON document of a command; indented for a person who looks at it."""
        option = orjson.OPT_INDENT_2 if sys.stdout.isatty() else 0
        self._write(value, option)

    def json_line(self, value: Any) -> None:
        """One of many, each on a line of its own."""
        self._write(value, 0)

    @contextmanager
    def documents(self) -> Generator[Callable[[Any], None]]:
        """The one JSON document of a command that is a list, an element a line, however long."""
        written = 0

        def write(value: Any) -> None:
            nonlocal written
            sys.stdout.write(",\n" if written else "[\n")
            sys.stdout.write(_json(value, 0))
            written += 1

        yield write
        sys.stdout.write("\n]\n" if written else "[]\n")
        sys.stdout.flush()

    @property
    def is_a_person(self) -> bool:
        """Whether somebody looks who can be asked."""
        return not self.as_json and self.err.is_terminal and sys.stdin.isatty()

    def show(self, *what: RenderableType, sep: str = " ") -> None:
        """Data for a person."""
        if not self.as_json:
            lines = all(isinstance(part, str | Text) for part in what)
            safe = [_plain_lines(part) if isinstance(part, str) else part for part in what]
            self.out.print(*safe, sep=sep, soft_wrap=lines)

    def say(self, text: str | Text, style: str = "") -> None:
        """Something that is no data: what goes on, what to do next."""
        safe = _plain_lines(text) if isinstance(text, str) else text
        self.err.print(safe, style=style, soft_wrap=True)

    def complain(self, text: str) -> None:
        """One line about what was expected and is not so, and what to do about it."""
        line = Text.assemble(("rescind: ", "bold red"), _plain_lines(text))
        self.err.print(line, soft_wrap=True)

    def _write(self, value: Any, option: int) -> None:
        sys.stdout.write(_json(value, option) + "\n")
        sys.stdout.flush()


def _json(value: Any, option: int) -> str:
    return orjson.dumps(value, option=option | orjson.OPT_NON_STR_KEYS).decode()


def _plain_lines(text: str) -> str:
    """A sentence of ours may quote a stranger, and an error the end of a log."""
    return "\n".join(plain(line, _CHARACTERS_MAX) for line in text.splitlines())


def columns(names: Iterable[str], *, title: str = "") -> Table:
    """An empty table in the one style of this command; ids wrap and are never cut."""
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for name in names:
        table.add_column(name, header_style="bold", overflow="fold")
    return table


def terminal_rows() -> int:
    return shutil.get_terminal_size((80, 24)).lines
