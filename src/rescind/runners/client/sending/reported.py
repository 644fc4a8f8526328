"""What became of a report that was made: it is on its way from the call on, awaited or not."""

import asyncio
from collections.abc import Generator
from functools import partial
from typing import Any

from rescind.errors import RunnerClosedError, WouldWaitError
from rescind.events import intents as wire
from rescind.events.refusals import Code
from rescind.kafka.records import Sent
from rescind.runners.client.hearing.answers import Refusal
from rescind.runners.client.hearing.waiting import Told

__all__ = ["Reported"]


class Reported:
    """Await it (in a thread: `wait`) to know that Kafka has the report. Nobody has to.

    Raises `RunnerClosedError` if the client was left before, `RefusedError` where an answer of
    the service is part of it (an end with `retry_at`, the end of a body).
    """

    __slots__ = ("_future",)

    def __init__(self, future: "asyncio.Future[Sent] | asyncio.Future[None]") -> None:
        self._future: asyncio.Future[Any] = future

    @classmethod
    def when_taken(cls, asked: str, answer: "asyncio.Future[Told]") -> "Reported":
        """One that is done when the service has answered it."""
        taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # Nobody has to wait for it: a failure that nobody looks at is no accident.
        taken.add_done_callback(lambda done: done.cancelled() or done.exception())
        answer.add_done_callback(partial(_take, asked, taken))
        return cls(taken)

    def __await__(self) -> Generator[Any, None, None]:
        # Several may wait for the same record: one that gives up must not take it from the rest.
        yield from asyncio.shield(self._future).__await__()

    async def sent_at_ms(self) -> int:
        """When the broker got the record, in milliseconds since 1970 by its clock.

        Not of one that waits for an answer, which has no such time.
        """
        sent = await asyncio.shield(self._future)
        assert isinstance(sent, Sent)
        return sent.timestamp_ms

    def wait(self, timeout_seconds: float | None = None) -> None:
        """The same for another thread than the event loop's.

        Raises `TimeoutError`; `WouldWaitError` in the event loop, which has to do the work.
        """
        loop = self._future.get_loop()
        if self._future.done() or loop.is_closed():
            if not self._future.done():
                raise RunnerClosedError("a report")
            self._future.result()
            return
        if _is_running_here(loop):
            raise WouldWaitError("Reported.wait")
        asyncio.run_coroutine_threadsafe(self._done(), loop).result(timeout_seconds)

    async def _done(self) -> None:
        await self

    def is_sent(self) -> bool:
        """Whether Kafka has it."""
        done = self._future
        return done.done() and not done.cancelled() and done.exception() is None


def _is_running_here(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


def _take(asked: str, taken: "asyncio.Future[None]", answer: "asyncio.Future[Told]") -> None:
    if taken.done() or answer.cancelled():
        return
    if (error := answer.exception()) is not None:
        taken.set_exception(error)
        return
    told = answer.result()
    if isinstance(told, wire.Refusal) and told.code is not Code.DUPLICATE:
        taken.set_exception(Refusal.told(asked, told).error())
    else:
        taken.set_result(None)
