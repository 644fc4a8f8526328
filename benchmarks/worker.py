"""The worker that is measured: the lifecycle as `rescind worker` runs it, in its own process."""

import sys

from rescind.logs import configure_logging
from rescind.processors.app import run_worker
from rescind.settings import load_settings

if __name__ == "__main__":
    configure_logging("WARNING")
    sys.exit(run_worker(load_settings()))
