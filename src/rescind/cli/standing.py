"""`rescind runner`: stands by in each scope that it was told to, until a signal.

It waits for Kafka as long as it takes. Whoever started it starts it again if it ends by an error:
what it had begun is then asked of another one, or of it under its next name.
"""

import asyncio
import signal
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Final

import structlog

from rescind.cli.looping import in_loop
from rescind.cli.services import begin, until_usable
from rescind.cli.session import needs_extra
from rescind.runners.infrastructure.base import Infrastructure
from rescind.runners.infrastructure.kinds import Kind, infrastructure
from rescind.runners.infrastructure.standing import StandBy, TornDown
from rescind.settings import Settings
from rescind.tracing.exporting import traced

__all__ = ["serve_runner"]

_DRAIN_SECONDS: Final = 60.0

_log = structlog.get_logger(__name__)


def serve_runner(kinds: Sequence[Kind]) -> int:
    """Serve until SIGTERM or Ctrl-C, and finish what was begun; the exit code.

    Raises `SettingsError`, `BrokerUnsupportedError`, `TopicsError`, `ExtraMissingError`, or an
    `InfrastructureError`: it cannot reach what it is to end.
    """
    settings = begin("rescind-runner")
    places = [infrastructure(kind) for kind in dict.fromkeys(kinds)]
    in_loop(until_usable(settings))
    with traced("rescind-runner"), _measured(settings) as tell:
        in_loop(_serve(places, settings, tell))
    return 0


async def _serve(
    places: Sequence[Infrastructure], settings: Settings, tell: Callable[[TornDown], None]
) -> None:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    async with asyncio.TaskGroup() as group:
        for place in places:
            standing = StandBy(place, settings, tell=tell)
            group.create_task(standing.serve(over, drain_seconds=_DRAIN_SECONDS))
    _log.info("it has left")


@contextmanager
def _measured(settings: Settings) -> Generator[Callable[[TornDown], None]]:
    """Meters are shown where a port is set; what shows them is of the extra ``service``."""
    if settings.metrics_port is None:
        yield lambda _done: None
        return
    needs_extra("service", "prometheus_client")
    from rescind.processors.measuring.endpoint import scraped
    from rescind.processors.measuring.teardowns import TeardownMeters

    meters = TeardownMeters()

    def count(done: TornDown) -> None:
        meters.count(done.kind, done.outcome, done.how or done.code, done.seconds)

    with scraped(settings, meters.registry):
        yield count
