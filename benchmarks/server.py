"""The HTTP server that is measured, as `rescind server` runs it, in its own process."""

import sys

from rescind.logs import configure_logging
from rescind.server.serving import serve
from rescind.settings import load_settings

if __name__ == "__main__":
    configure_logging("WARNING")
    sys.exit(serve(load_settings()))
