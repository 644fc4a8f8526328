"""`serve`: the server as a process, from its socket to its end by a signal.

SIGTERM drains: whoever follows events is let go, what was asked is answered, and it ends with 0,
within ten seconds. A second one changes nothing: `timeout` sends two in one moment.
"""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import Iterator
from typing import Final

import structlog
import uvicorn

from rescind.server.api.app import make_app
from rescind.server.api.means import Means
from rescind.server.listening import asks_for_tokens, is_loopback, listen
from rescind.settings import Settings

__all__ = ["Server", "serve"]

_DRAIN_SECONDS: Final = 10

_log = structlog.get_logger(__name__)


def serve(settings: Settings) -> int:
    """Serve until a signal; the exit code.

    Raises `SettingsError` where it may not listen or cannot, and `ExtraMissingError`.
    """
    with listen(settings) as listening:
        asyncio.run(_serve(settings, listening))
    return 0


async def _serve(settings: Settings, listening: socket.socket) -> None:
    server = Server(Means(settings))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    _log.info(_how_it_answers(settings), at=f"http://{shown}:{port}")
    await server.serve(sockets=[listening])


def _how_it_answers(settings: Settings) -> str:
    if not asks_for_tokens(settings):
        return "the API answers on this machine alone, and asks nobody who they are"
    if is_loopback(settings.http_host):
        return "the API answers on this machine alone, to whoever has a token"
    return (
        "the API answers to whoever has a token; these are sent as they are, so between this "
        "address and others there has to be a proxy that speaks TLS"
    )


class Server(uvicorn.Server):
    """The API behind a socket."""

    def __init__(self, means: Means) -> None:
        self._means = means
        super().__init__(
            uvicorn.Config(
                make_app(means),
                lifespan="on",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                ws="none",
                timeout_graceful_shutdown=_DRAIN_SECONDS,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What is there now stays: modules, routes, models. Looking through it for garbage took 93
        # to 154 ms, every four seconds at 200 cancels a second, and nobody was answered meanwhile.
        gc.collect()
        gc.freeze()

    def stop(self) -> None:
        """Drain and end."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Those who follow events would stay for as long as there are any.
        await self._means.beat.end()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs this: uvicorn's way ends the process by the signal."""
        yield
