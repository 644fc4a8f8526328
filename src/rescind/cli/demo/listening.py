"""The journal of the demo's flow run, as it comes: printed as a story, and kept in the ledger."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from types import TracebackType
from typing import Self

from rescind.cli.demo.ledger import Ledger
from rescind.cli.printing.lines import is_news, story_line
from rescind.cli.printing.output import Output
from rescind.cli.reading.journal import belongs_to, follow_journal
from rescind.cli.session import Session
from rescind.events.journal import Entry

__all__ = ["Listening"]


class Listening:
    """An async context manager that follows the journal from these offsets on."""

    def __init__(
        self, session: Session, since: Mapping[int, int], flow_run_id: str, output: Output
    ) -> None:
        self.ledger = Ledger()
        self._session = session
        self._since = since
        self._flow_run_id = flow_run_id
        self._output = output
        self._heard = asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    async def until(self, holds: Callable[[Ledger], bool], *, within_seconds: float) -> bool:
        """Wait until the ledger is so; whether it was in time."""
        try:
            async with asyncio.timeout(within_seconds):
                while not holds(self.ledger):
                    self._heard.clear()
                    await self._heard.wait()
                    self._raise_what_ended_it()
        except TimeoutError:
            return False
        return True

    def _raise_what_ended_it(self) -> None:
        if self._following is not None and self._following.done():
            self._following.result()

    async def _follow(self) -> None:
        key = self._flow_run_id.encode()
        async with aclosing(follow_journal(self._session, self._since, key)) as journal:
            async for placed in journal:
                for one in placed:
                    if one.entry is not None and belongs_to(one.entry, self._flow_run_id):
                        self._hear(one.entry)

    def _hear(self, entry: Entry) -> None:
        self.ledger.hear(entry)
        if is_news(entry):
            self._output.show(story_line(entry, self.ledger.asked_ms))
        self._heard.set()

    async def __aenter__(self) -> Self:
        self._following = asyncio.create_task(self._follow(), name="listening")
        # Whoever waits is told that nothing will come any more.
        self._following.add_done_callback(lambda _: self._heard.set())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._following is not None
        self._following.cancel()
        await asyncio.wait([self._following])
