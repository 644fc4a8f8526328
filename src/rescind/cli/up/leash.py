"""The first thing that a service of `rescind up` runs: it ends when its supervisor does.

``python -m rescind.cli.up.leash PID COMMAND…``. Killed without a chance to say so, the supervisor
would otherwise leave a worker behind that the next `rescind up` cannot see.
"""

import os
import signal
import sys

from rescind.cli.main import run_command
from rescind.runners.executors.processtree.prctl import die_with_parent

__all__: list[str] = []


def _main() -> int:
    # SIGTERM drains: work that was taken is given back, whatever became of the supervisor.
    die_with_parent(signal.SIGTERM)
    if os.getppid() != int(sys.argv[1]):
        return 1
    return run_command(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(_main())
