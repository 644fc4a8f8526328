"""`main`: the command ``rescind`` as a process. Ctrl-C is no traceback from its first import on.

The rule: no import of ours at the top. All of them together take most of a second on a busy
machine, and a person who presses Ctrl-C then wants out and not a traceback.
"""

import sys
from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """Run the command of this process and end with its code."""
    try:
        from rescind.cli.command import run_command

        code = run_command(sys.argv[1:])
    except KeyboardInterrupt:
        # As `Exit.INTERRUPTED`, which may be what was being imported.
        code = 130
    if code == 130:
        # Once Ctrl-C has struck in text that `exec` runs (dataclasses are made so, and imports
        # make them), ``python -m`` ends as if by the signal itself, whatever code is said here.
        # CPython forgets that when it runs the next text.
        exec("pass")  # noqa: S102
    sys.exit(code)
