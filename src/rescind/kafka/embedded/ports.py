"""Ports for a broker on this machine."""

import random
import socket

from rescind.errors import PortTakenError

__all__ = ["choose_port", "is_free"]

# Below the range from which the kernel takes the near ends of connections (32768 on): a port
# out of that may be somebody's connection before the broker has opened it.
_FIRST, _LAST = 20_000, 32_000


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As Java does, or a port of connections that have just been closed would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def choose_port(wanted: int, *, fallback: bool, avoid: int = 0) -> int:
    """Return the wanted port, or a free one if it is 0, or taken and ``fallback`` is set.

    Raises `PortTakenError` if the wanted port is taken and nothing else may be chosen.
    """
    if wanted and is_free(wanted):
        return wanted
    if wanted and not fallback:
        raise PortTakenError(wanted)
    for _ in range(200):
        port = random.randint(_FIRST, _LAST)
        if port != avoid and is_free(port):
            return port
    raise PortTakenError(wanted)
