"""The first thing that a service of `rescind up` runs: it ends when its supervisor does.

``python -m rescind.cli.up.leash PID COMMAND…``. Killed without a chance to say so, the supervisor
would otherwise leave a worker behind that the next `rescind up` cannot see.
"""

import os
import signal
import sys
import time
from typing import Final

from rescind.cli.command import run_command
from rescind.kafka.embedded.state import read_state
from rescind.runners.executors.processtree.prctl import die_with_parent
from rescind.settings import load_settings

__all__: list[str] = []

_LOOK_SECONDS: Final = 0.1


def _main() -> int:
    # SIGTERM drains: work that was taken is given back, whatever became of the supervisor.
    die_with_parent(signal.SIGTERM)
    if os.getppid() != int(sys.argv[1]):
        return 1
    _wait_for_kafka()
    return run_command(sys.argv[2:])


def _wait_for_kafka() -> None:
    """Kafka is being started again, maybe: its address is there when it answers."""
    settings = load_settings()
    while settings.is_embedded and read_state(settings.data_dir) is None:
        time.sleep(_LOOK_SECONDS)


if __name__ == "__main__":
    sys.exit(_main())
