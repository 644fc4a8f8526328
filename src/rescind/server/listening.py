"""Where the server listens: a socket of this machine alone, on which nobody can hold up anything.

Without tokens nobody is asked who they are, so it listens nowhere else.
"""

import ipaddress
import socket
import sys
from typing import Final

from rescind.errors import SettingsError
from rescind.settings import Settings

__all__ = ["cannot_listen", "is_loopback", "listen", "require_loopback"]

_UNREAD_SECONDS: Final = 30.0


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine's alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_loopback(settings: Settings) -> None:
    """Raises `SettingsError` if others than this machine could ask."""
    if not is_loopback(settings.http_host):
        expected = (
            "an address of this machine alone, such as 127.0.0.1 (there are no tokens yet, so "
            "nobody who asks has to say who they are)"
        )
        raise SettingsError([("RESCIND_HTTP_HOST", expected, repr(settings.http_host))])


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
