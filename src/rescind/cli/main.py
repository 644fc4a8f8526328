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
    sys.exit(code)
