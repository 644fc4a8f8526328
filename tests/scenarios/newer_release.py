"""The command ``rescind`` of a release to come, whose state records have a higher schema."""

import sys

from rescind.cli.command import run_command
from rescind.statemachine import records

if __name__ == "__main__":
    records.OPEN_SCHEMA += 1  # type: ignore[misc]
    sys.exit(run_command(sys.argv[1:]))
