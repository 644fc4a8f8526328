"""Where the HTTP API of `rescind up` answers, and whether it does."""

import asyncio
from http.client import HTTPConnection, HTTPException
from typing import Final, NamedTuple

from rescind.kafka.embedded.ports import choose_port, is_free
from rescind.server.listening import cannot_listen, require_loopback
from rescind.settings import Settings

__all__ = ["Address", "choose_address"]

_ANSWER_SECONDS: Final = 2.0


class Address(NamedTuple):
    """A host and a port; as text, what a person types into a browser."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    async def is_ready(self) -> bool:
        """Whether a server answers there that is of use."""
        return await asyncio.to_thread(self._is_ready)

    def _is_ready(self) -> bool:
        # Not by a client that would ask a proxy which the environment names.
        connection = HTTPConnection(self.host, self.port, timeout=_ANSWER_SECONDS)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


def choose_address(settings: Settings) -> Address:
    """The port of the settings; where nobody has said one, another if that is taken.

    Raises `SettingsError`.
    """
    require_loopback(settings)
    host, wanted = settings.http_host, settings.http_port
    is_said = "http_port" in settings.model_fields_set
    if is_said and wanted and not is_free(wanted):
        raise cannot_listen(host, wanted, "another program listens there")
    return Address(host, choose_port(wanted, fallback=True))
