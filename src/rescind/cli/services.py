"""`rescind worker` and `rescind agents`: this process becomes one of the service's.

They wait for a broker as long as it takes, and end by a signal or by what cannot be mended here;
whoever started them starts them again.
"""

from collections.abc import Callable

from rescind.cli.debugging import debugging
from rescind.cli.session import needs_extra
from rescind.kafka.client_logs import calm_client_logs
from rescind.logs import configure_logging
from rescind.settings import Settings, load_settings

__all__ = ["serve_agents", "serve_worker"]


def serve_worker() -> int:
    needs_extra("service", "faust", "transitions")
    from rescind.processors.app import run_worker

    return _serve(run_worker)


def serve_agents() -> int:
    needs_extra("service", "faust", "transitions")
    from rescind.processors.app import run_agents

    return _serve(run_agents)


def _serve(run: Callable[[Settings], int]) -> int:
    configure_logging("DEBUG" if debugging.get() else "INFO")
    calm_client_logs()
    return run(load_settings())
