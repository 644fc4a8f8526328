"""Completion by the shell: when it is asked for, and for which shell.

Typer passes over a shell's name that is typed and looks which shell it is in: what is printed by
``--show-completion zsh`` would be for bash, in bash. It takes a name only where it looks for none.
"""

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final

__all__ = ["is_completing", "shell_as_typed"]

_OPTIONS: Final = ("--install-completion", "--show-completion")
# What a shell's own function sets when somebody presses Tab.
_COMPLETES: Final = "_RESCIND_COMPLETE"
_LOOKS_FOR_NONE: Final = "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"


def is_completing(arguments: Sequence[str]) -> bool:
    """Whether a shell is told something. Typer ends so by a `SystemExit`, in whatever mode."""
    return _COMPLETES in os.environ or _option(arguments) is not None


@contextmanager
def shell_as_typed(arguments: Sequence[str]) -> Generator[None]:
    """Let a shell that is named be the one; where none is, the one this is typed in."""
    is_named = (option := _option(arguments)) is not None and (
        option != arguments[0] or bool(arguments[1:])
    )
    if not is_named or _LOOKS_FOR_NONE in os.environ:
        yield
        return
    os.environ[_LOOKS_FOR_NONE] = "1"
    try:
        yield
    finally:
        del os.environ[_LOOKS_FOR_NONE]


def _option(arguments: Sequence[str]) -> str | None:
    """The option that asks for it, as the first thing that is said."""
    first = arguments[0].partition("=")[0] if arguments else ""
    return first if first in _OPTIONS else None
