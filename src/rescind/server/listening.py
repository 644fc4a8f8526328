"""Where the server listens, and whether it asks who is there. Nobody can hold up its socket.

Without tokens nobody is asked, so it then listens on this machine alone.
"""

import ipaddress
import socket
import sys
from typing import Final

from rescind.errors import SettingsError
from rescind.settings import Settings

__all__ = ["asks_for_tokens", "cannot_listen", "is_loopback", "listen", "require_loopback"]

_UNREAD_SECONDS: Final = 30.0


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine's alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def asks_for_tokens(settings: Settings) -> bool:
    """Whether whoever asks has to show a token."""
    if settings.access is not None:
        return settings.access == "tokens"
    return not (settings.is_embedded and is_loopback(settings.http_host))


def require_loopback(settings: Settings) -> None:
    """Raises `SettingsError` if others than this machine could ask, and nobody asked them who."""
    if not asks_for_tokens(settings) and not is_loopback(settings.http_host):
        expected = (
            f"`tokens` where others than this machine can ask (at {settings.http_host}); "
            "`rescind tokens create` makes one"
        )
        raise SettingsError([("RESCIND_ACCESS", expected, repr(settings.access))])


def cannot_listen(host: str, port: int, why: str) -> SettingsError:
    expected = f"a port on which this process can listen at {host}"
    return SettingsError([("RESCIND_HTTP_PORT", expected, f"{port}: {why}")])


def listen(settings: Settings, *, unread_seconds: float = _UNREAD_SECONDS) -> socket.socket:
    """A socket that listens; the caller's to close.

    On Linux a client that has not taken what was sent to it for ``unread_seconds`` is dropped by
    the kernel, whatever the server does meanwhile: connections inherit that from here.

    Raises:
        SettingsError: it may not listen there, or cannot.

    """
    require_loopback(settings)
    host, port = settings.http_host, settings.http_port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform == "linux":
            # Elsewhere such a client stays, and has one of the places of those who follow.
            unread_ms = round(unread_seconds * 1000)
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, unread_ms)
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise cannot_listen(host, port, str(error.strerror or error)) from None
    return listening
