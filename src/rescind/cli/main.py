"""`main`: the command ``rescind``, from its arguments to its exit code.

The rule: a person never sees a traceback that they have not asked for. What is wrong is one line
on stderr, with what was expected, what is, and what to do; `exits` has the codes. A bug is one
line as well, and says how to see the rest.
"""

import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import NoReturn, Protocol, cast, runtime_checkable

import typer

from rescind.cli.app import app
from rescind.cli.debugging import debugging
from rescind.cli.exits import Exit, exit_of
from rescind.cli.printing.output import Output
from rescind.cli.printing.words import plain
from rescind.errors import RescindError

__all__ = ["main", "run_command"]

_DEBUG = "--debug"


def main() -> NoReturn:
    """Run the command of this process and end with its code."""
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: Sequence[str]) -> int:
    """Run one command, and say what went wrong; the exit code."""
    arguments = list(arguments)
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if _DEBUG in options:
        arguments.remove(_DEBUG)
        debugging.set(True)
    try:
        # Commands return their code; typer hands it on, or that of an exit of its own.
        code: object = app(args=arguments, prog_name="rescind", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return Exit.INTERRUPTED
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
    for cause in _leaves(error):
        if isinstance(cause, RescindError):
            output.complain(str(cause))
            return exit_of(cause)
        if isinstance(cause, _Misunderstood):
            message = cause.format_message().rstrip(".")
            output.complain(f"{message}; see `{_help_of(cause)}`")
            return Exit.USAGE
    what = f"{type(error).__name__}: {plain(str(error))}"
    again = "" if debugging.get() else "; say it again with --debug to see where, and report it"
    output.complain(f"expected this to work, but it has a bug: {what}{again}")
    return Exit.BUG


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
