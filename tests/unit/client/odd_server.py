"""A server on this machine that answers with the bytes that it is told."""

import json
import socket
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

__all__ = ["HANG", "Heard", "OddServer", "answer", "odd_server", "problem"]

HANG = b"hang"
"""Instead of an answer: none comes, and the connection stays."""


class Heard(NamedTuple):
    """One request."""

    line: str
    headers: Mapping[str, str]
    body: bytes


class OddServer:
    """Each connection gets the next answer and is closed; the last answer is given for ever."""

    def __init__(self, answers: Sequence[bytes]) -> None:
        self.heard: list[Heard] = []
        self._answers = list(answers)
        self._held: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        # Closing alone does not wake who accepts.
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()
        for held in self._held:
            held.close()

    def _serve(self) -> None:
        while True:
            try:
                asking, _ = self._listening.accept()
            except OSError:
                return
            if (heard := _heard(asking)) is None:
                asking.close()
                continue
            self.heard.append(heard)
            said = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            if said == HANG:
                self._held.append(asking)
                continue
            with asking:
                asking.sendall(said)


def _heard(asking: socket.socket) -> Heard | None:
    with asking.makefile("rb") as text:
        if not (line := text.readline().decode().strip()):
            return None
        headers: dict[str, str] = {}
        while header := text.readline().decode().strip():
            name, _, value = header.partition(": ")
            headers[name.lower()] = value
        return Heard(line, headers, text.read(int(headers.get("content-length", 0))))


@contextmanager
def odd_server(*answers: bytes) -> Generator[OddServer]:
    server = OddServer(answers)
    try:
        yield server
    finally:
        server.close()


def answer(
    status: int,
    body: bytes | Mapping[str, Any],
    kind: str = "application/json",
    length: int | None = None,
    **headers: str,
) -> bytes:
    """A whole answer, or one that says another length than it has."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    said = {
        "Content-Type": kind,
        "Content-Length": str(len(content) if length is None else length),
        "Connection": "close",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + content


def problem(status: int, kind: str, detail: str = "expected it", **more: Any) -> bytes:
    headers = more.pop("headers", {})
    said = {"type": kind, "title": "Title", "status": status, "detail": detail, **more}
    return answer(status, said, "application/problem+json", **headers)
