"""Messages between a runner and its supervisors: a JSON object, and bytes beside it.

A supervisor never unpickles: arguments and results pass through it as bytes, so a result that
cannot be read harms only the attempt that made it.
"""

import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Frame", "decode_frame", "encode_frame", "receive_frame", "send_frame"]

_LENGTHS: Final = struct.Struct(">IQ")


@dataclass(frozen=True, slots=True)
class Frame:
    """`head` is JSON; `body` is what only the two ends can read."""

    head: Mapping[str, Any]
    body: bytes = b""


def encode_frame(frame: Frame) -> bytes:
    head = json.dumps(frame.head).encode()
    return _LENGTHS.pack(len(head), len(frame.body)) + head + frame.body


def decode_frame(data: bytes) -> Frame | None:
    """The frame that these bytes are, or ``None`` if they are only the beginning of one."""
    if len(data) < _LENGTHS.size:
        return None
    head_size, body_size = _LENGTHS.unpack_from(data)
    if len(data) < _LENGTHS.size + head_size + body_size:
        return None
    view = memoryview(data)[_LENGTHS.size :]
    return Frame(json.loads(bytes(view[:head_size])), bytes(view[head_size:]))


def send_frame(connection: socket.socket, frame: Frame) -> None:
    """Send all of it.

    Raises:
        OSError: nobody reads it any more.

    """
    connection.sendall(encode_frame(frame))


def receive_frame(connection: socket.socket) -> Frame | None:
    """The next frame, or ``None`` when the other side is gone (also in the middle of one)."""
    try:
        sizes = _receive(connection, _LENGTHS.size)
        if sizes is None:
            return None
        head_size, body_size = _LENGTHS.unpack(sizes)
        head = _receive(connection, head_size)
        body = _receive(connection, body_size)
    except ConnectionError:
        return None
    if head is None or body is None:
        return None
    return Frame(json.loads(head), body)


def _receive(connection: socket.socket, size: int) -> bytes | None:
    data = bytearray(size)
    view = memoryview(data)
    filled = 0
    while filled < size:
        count = connection.recv_into(view[filled:])
        if count == 0:
            return None
        filled += count
    return bytes(data)
