"""Where Prometheus reads the meters of a process: ``http://HOST:PORT/metrics``."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from prometheus_client import CollectorRegistry, start_http_server

from rescind.errors import SettingsError
from rescind.settings import Settings

__all__ = ["scraped"]

_log = structlog.get_logger(__name__)


@contextmanager
def scraped(settings: Settings, registry: CollectorRegistry) -> Iterator[None]:
    """Serve them as long as this is open, from a thread; without a port in the settings, not.

    Raises:
        SettingsError: it cannot listen there.

    """
    host, port = settings.metrics_host, settings.metrics_port
    if port is None:
        yield
        return
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        expected = f"a port on which this process can listen at {host}"
        got = f"{port}: {error.strerror or error}"
        raise SettingsError([("RESCIND_METRICS_PORT", expected, got)]) from error
    _log.info("metrics can be read", at=f"http://{host}:{server.server_port}/metrics")
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
