"""A receiver of webhooks on loopback that does whatever a test wants it to do with a request.

It speaks HTTP by hand, so that it can break it: answer never, slowly, half, or twice.
"""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["SECRET", "Answer", "Request", "Sink", "fails", "sink"]

SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass(frozen=True, slots=True)
class Request:
    """One POST as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def kind(self) -> str:
        return str(self.event["type"])

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def is_signed(self, secret: str = SECRET) -> bool:
        """As a receiver would find out, from the words of the standard alone."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        said = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        expected = "v1," + base64.b64encode(hmac.new(key, said, "sha256").digest()).decode()
        return expected in self.headers["webhook-signature"].split()


@dataclass(frozen=True, slots=True)
class Answer:
    """What is done with one request.

    Attributes:
        status: of the answer; 0: the connection is closed without one.
        after_seconds: before the answer begins.
        hangs: nothing is ever answered.
        half: the connection ends in the middle of the body.
        twice: the whole answer is written two times.
        headers: more of them.

    """

    status: int = 200
    after_seconds: float = 0
    hangs: bool = False
    half: bool = False
    twice: bool = False
    headers: dict[str, str] = field(default_factory=dict[str, str])


Script = Callable[[Request], Answer]


def fails(times: int, status: int = 500) -> Script:
    """Each event fails so many times before it is taken."""
    seen: dict[str, int] = {}

    def answer(request: Request) -> Answer:
        seen[request.id] = seen.get(request.id, 0) + 1
        return Answer(status if seen[request.id] <= times else 200)

    return answer


class Sink:
    """What came, and what is done with what comes."""

    def __init__(self) -> None:
        self.script: Script = lambda _: Answer()
        self.requests: list[Request] = []
        self.taken: list[Request] = []
        """Those that were answered with 2xx."""
        self.url = ""
        self._serving = set[asyncio.Task[None]]()

    def about(self, flow_run_id: str) -> list[str]:
        """The kinds of what was taken of one flow run, in order."""
        return [each.kind for each in self.taken if each.event.get("flow_run_id") == flow_run_id]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            while (request := await _read(reader)) is not None:
                self.requests.append(request)
                await self._answer(self.script(request), request, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._serving.discard(task)
            writer.close()

    async def close(self) -> None:
        for task in self._serving:
            task.cancel()
        if self._serving:
            await asyncio.wait(self._serving)

    async def _answer(self, answer: Answer, request: Request, writer: Any) -> None:
        if answer.hangs:
            await asyncio.Event().wait()
        await asyncio.sleep(answer.after_seconds)
        if not answer.status:
            raise ConnectionError
        body = b'{"ok": true}'
        more = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
        head = f"HTTP/1.1 {answer.status} -\r\ncontent-length: {len(body)}\r\n{more}\r\n".encode()
        if 200 <= answer.status < 300:
            self.taken.append(request)
        writer.write(head + (body[:3] if answer.half else body) * (2 if answer.twice else 1))
        if answer.twice:
            writer.write(head + body)
        await writer.drain()
        if answer.half:
            raise ConnectionError


async def _read(reader: asyncio.StreamReader) -> Request | None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(first.split()[1], headers, body, time.monotonic())


@asynccontextmanager
async def sink() -> AsyncIterator[Sink]:
    """One that listens at a free port for as long as this is open."""
    made = Sink()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    made.url = f"http://{host}:{port}/told"
    try:
        yield made
    finally:
        server.close()
        await made.close()
        await server.wait_closed()
