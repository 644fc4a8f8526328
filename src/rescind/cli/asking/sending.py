"""`Asker`: asks for a command, and keeps what the journal says meanwhile for who follows it."""

import asyncio
import getpass
import os
import socket
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from rescind.asking.line import Line
from rescind.cli.reading.journal import Placed
from rescind.cli.session import Session
from rescind.events.journal import Entry
from rescind.events.requests import AnyRequest
from rescind.events.words import Actor, clipped
from rescind.kafka.records import Record
from rescind.processors.shared.keys import signing_keys
from rescind.settings import Settings

__all__ = ["Asker", "this_user"]


def this_user() -> Actor:
    """Who sits here, as far as the machine knows: ``ann@host``."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        # A container's user may have no line in any password file.
        name = f"uid-{os.getuid()}"
    return Actor(kind="user", id=clipped(f"{name}@{socket.gethostname()}", 256))


class Asker:
    """An async context manager."""

    def __init__(self, session: Session) -> None:
        keys = _keys(session.settings)
        self._line = Line(session.connection, session.names, keys, self._hear)
        self._heard: list[Entry] = []
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self._line.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._line.__aexit__(kind, error, trace)

    async def ask(self, request: AnyRequest, *, within_seconds: float) -> Entry:
        """As `Line.ask`."""
        return await self._line.ask(request, within_seconds=within_seconds)

    async def next_entries(self) -> list[Entry]:
        """Return what the journal has had since this was entered and nobody has taken."""
        await self._news.wait()
        self._news.clear()
        heard, self._heard = self._heard, []
        return heard

    def _hear(self, records: Sequence[Record]) -> None:
        self._heard += [placed.entry for placed in map(Placed, records) if placed.entry is not None]
        if self._heard:
            self._news.set()


def _keys(settings: Settings) -> Mapping[str, bytes]:
    """The service's keys where they are at hand, as they are for whoever ran `rescind up`."""
    if not (settings.is_embedded or settings.signing_keys):
        return {}
    try:
        return signing_keys(settings)
    except OSError:
        # Another user's folder: the request goes unsigned, as a stranger's would.
        return {}
