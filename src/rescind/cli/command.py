"""`run_command`: the command ``rescind``, from its arguments to its exit code.

The rule: a person never sees a traceback that they have not asked for. What is wrong is one line
on stderr, with what was expected, what is, and what to do; `exits` has the codes. A bug is one
line as well, and says how to see the rest.
"""

import contextlib
import errno
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import Final, Protocol, cast, runtime_checkable

import typer

from rescind.cli.app import app
from rescind.cli.completing import is_completing, shell_as_typed
from rescind.cli.debugging import debugging
from rescind.cli.exits import Exit, exit_of
from rescind.cli.printing.output import Output
from rescind.errors import RescindError
from rescind.telling.words import plain

__all__ = ["run_command"]

_DEBUG: Final = "--debug"
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def run_command(arguments: Sequence[str]) -> int:
    """Run one command, and say what went wrong; the exit code."""
    arguments = list(arguments)
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    debugging.set(_DEBUG in options)
    if debugging.get():
        arguments.remove(_DEBUG)
    try:
        with shell_as_typed(arguments):
            # Commands return their code; typer hands it on, or that of an exit of its own.
            code: object = app(args=arguments, prog_name="rescind", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return Exit.INTERRUPTED
    except SystemExit as end:
        # That of a pipe which nobody reads has that for its context.
        if end.__context__ is not None or not is_completing(arguments):
            return _explain(end)
        # fish asks whether there is anything to complete, and hears it so.
        return end.code if isinstance(end.code, int) else Exit.OK
    except BaseException as error:  # noqa: BLE001 - the last place where anything can be said
        return _explain(error)
    return code if isinstance(code, int) else Exit.OK


@runtime_checkable
class _Misunderstood(Protocol):
    """Errors of typer, by what they can do: which classes they are changes with its releases."""

    exit_code: int

    def format_message(self) -> str: ...


def _explain(error: BaseException) -> int:
    output = Output()
    if debugging.get():
        traceback.print_exception(error)
    causes = list(_leaves(error))
    for cause in causes:
        if isinstance(cause, RescindError):
            output.complain(str(cause))
            return exit_of(cause)
        if isinstance(cause, _Misunderstood):
            # Without a word it is no complaint: the help was asked for by saying nothing.
            # Of a choice typer says pydantic's words as well.
            # And what can be chosen stands a line each.
            message = " ".join(cause.format_message().split())
            message = message.rstrip(".").replace(": Value error, ", ": ")
            if message:
                output.complain(f"{message}; see `{_help_of(cause)}`")
            return Exit.USAGE
        if isinstance(cause, BrokenPipeError) or isinstance(cause.__context__, BrokenPipeError):
            # rich makes a SystemExit of it.
            _print_no_more()
            return Exit.UNHEARD
        if isinstance(cause, OSError) and cause.errno in _NO_ROOM:
            _print_no_more()
            output.complain(f"expected room for what there is to write, but: {cause.strerror}")
            return Exit.UNWRITTEN
    what = f"{type(causes[0]).__name__}: {plain(str(causes[0]))}"
    again = "" if debugging.get() else "; say it again with --debug to see where, and report it"
    output.complain(f"expected this to work, but it has a bug: {what}{again}")
    return Exit.BUG


def _print_no_more() -> None:
    """Python would say once more, as it ends, that what is left of stdout cannot be written."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _help_of(error: object) -> str:
    context = getattr(error, "ctx", None)
    path = str(getattr(context, "command_path", "rescind"))
    return f"{path} --help"


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors that a group of tasks has gathered, or the one error."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        for inner in group.exceptions:
            yield from _leaves(inner)
    else:
        yield error
