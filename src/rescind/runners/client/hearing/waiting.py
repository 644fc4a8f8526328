"""Requests that wait for an answer in the inbox.

An answer names the request and, for a list, the item. A request that Kafka has is never lost, so
asking again is for the unforeseen only: after a while in which the service answered nothing at
all the very same record goes out again, later and later. That is harmless by design: the same
attempt, owner and end again is ``duplicate``, and a start that its owner repeats is granted again.
But a service that is only slow must not be given more to do.

A grant names its attempt and no request: whoever waits for one settles it here by `settle`.
"""

import asyncio
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import structlog

from rescind.events import intents as wire
from rescind.events.refusals import Code
from rescind.kafka.records import OutRecord, Sent
from rescind.runners.client.hearing.answers import Grant
from rescind.runners.client.sending.outbox import Placed, Post

__all__ = ["Told", "Waiting"]

Told: TypeAlias = Grant | wire.Refusal | None
"""A grant, a refusal, or nothing but that it took effect."""

_ASK_AGAIN_SECONDS: Final = 10.0
_ASK_AGAIN_SECONDS_MAX: Final = 60.0

_log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Open:
    """A request of which some items have no answer yet."""

    items: dict[int | None, "asyncio.Future[Told]"] = field(
        default_factory=dict[int | None, "asyncio.Future[Told]"]
    )
    record: OutRecord | None = None
    again: asyncio.TimerHandle | None = None
    wait_seconds: float = _ASK_AGAIN_SECONDS


class Waiting:
    """All that waits, by request. `post` sends a record again."""

    def __init__(self, post: Post, ask_again_seconds: float = _ASK_AGAIN_SECONDS) -> None:
        self._post = post
        self._ask_again_seconds = ask_again_seconds
        self._open: dict[str, _Open] = {}
        self._said = False
        self._told_at = -math.inf

    def expect(self, placed: Placed, *, again: bool = True) -> "asyncio.Future[Told]":
        """The answer to come. Call it right after putting, before Kafka can have it.

        `again` False: it is not asked again by itself.
        """
        wait_seconds = self._ask_again_seconds if again else math.inf
        request = self._open.setdefault(placed.request_id, _Open(wait_seconds=wait_seconds))
        answer: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        request.items[placed.item] = answer
        return answer

    def settle(self, placed: Placed, told: Told) -> None:
        """Answer one item; nothing happens if it has its answer."""
        request = self._open.get(placed.request_id)
        if request is not None:
            self._answer(placed.request_id, request, [placed.item], told)

    def forget(self, placed: Placed) -> None:
        """Wait for this answer no more."""
        self.settle(placed, None)

    def sent(self, request_id: str, record: OutRecord, sent: Sent) -> None:
        """Kafka has this request: from now on its answer is due."""
        del sent
        request = self._open.get(request_id)
        if request is not None:
            request.record = record
            self._ask_again_later(request_id, request)

    def told(self, inbox: wire.Inbox) -> list[wire.Refusal]:
        """Hand on the answers of an inbox record; the refusals that nobody waits for are left."""
        left: list[wire.Refusal] = []
        self._told_at = asyncio.get_running_loop().time()
        if self._said:
            self._said = False
            _log.info("the service answers again")
        for refusal in inbox.refusals:
            request = self._open.get(refusal.request_id)
            if request is None:
                left.append(refusal)
            else:
                # A request that cannot be read is refused as a whole, without a word on items.
                every = refusal.item is None or None in request.items
                items = list(request.items) if every else [refusal.item]
                if not request.items.keys() & set(items):
                    left.append(refusal)
                self._answer(refusal.request_id, request, items, refusal)
        for accepted in inbox.accepted:
            request = self._open.get(accepted.request_id)
            if request is not None:
                self._answer(accepted.request_id, request, list(request.items), None)
        return left

    def refuse_all(self, code: Code, message: str) -> None:
        """Answer everything that waits with the same refusal."""
        for request_id, request in list(self._open.items()):
            refusal = wire.Refusal(request_id=request_id, code=code, message=message)
            self._answer(request_id, request, list(request.items), refusal)

    def fail_all(self, make: Callable[[], Exception]) -> None:
        """Let everything that waits fail."""
        for request in self._open.values():
            self._stop_asking(request)
            for answer in request.items.values():
                if not answer.done():
                    answer.set_exception(make())
        self._open.clear()

    def _answer(
        self, request_id: str, request: _Open, items: Iterable[int | None], told: Told
    ) -> None:
        for item in items:
            answer = request.items.pop(item, None)
            if answer is not None and not answer.done():
                answer.set_result(told)
        if not request.items:
            self._stop_asking(request)
            del self._open[request_id]

    def _ask_again_later(self, request_id: str, request: _Open) -> None:
        self._stop_asking(request)
        if request.wait_seconds == math.inf:
            return
        loop = asyncio.get_running_loop()
        request.again = loop.call_later(request.wait_seconds, self._ask_again, request_id, request)

    def _ask_again(self, request_id: str, request: _Open) -> None:
        if asyncio.get_running_loop().time() - self._told_at < request.wait_seconds:
            self._ask_again_later(request_id, request)
            return
        request.wait_seconds = min(2 * request.wait_seconds, _ASK_AGAIN_SECONDS_MAX)
        if not self._said:
            self._said = True
            _log.warning(
                "the service does not answer; requests are asked again until it does",
                waiting=len(self._open),
                remedy="see that `rescind worker` runs, or start everything with `rescind up`",
            )
        assert request.record is not None
        again = self._post(request.record)
        again.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._ask_again_later(request_id, request)

    def _stop_asking(self, request: _Open) -> None:
        if request.again is not None:
            request.again.cancel()
            request.again = None
