"""The command ``rescind`` of a release to come, which knows one feature level more."""

import sys

from rescind.cli.command import run_command
from rescind.events import levels

if __name__ == "__main__":
    levels.NEWEST += 1  # type: ignore[misc]
    sys.exit(run_command(sys.argv[1:]))
