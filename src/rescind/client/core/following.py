"""`Follower`: where somebody who follows the journal has got to, through any number of connections.

The place is that of the last message that came whole. Who connects again says it, and the server
goes on behind it: nothing is lost, and nothing comes twice.
"""

from collections.abc import Iterator
from typing import Final

from pydantic import ValidationError

from rescind.client.answers import Event, FollowedEvent
from rescind.client.core.address import path_of, require_id
from rescind.client.core.calls import Call, NoReply, Reply
from rescind.client.core.pace import Pace, pause_before_next
from rescind.client.core.replies import raise_for
from rescind.client.core.sse import Message, Messages
from rescind.errors import CallError, UnexpectedAnswerError

__all__ = ["SILENT_SECONDS_MAX", "Follower"]

SILENT_SECONDS_MAX: Final = 45.0
"""The server says something every 15 seconds at least: after three such times it is not there."""

_PLACE_CHARACTERS_MAX: Final = 30_000


class Follower:
    """Of one flow run, of one bulk cancellation, or of everything."""

    def __init__(
        self, flow_run_id: str | None, bulk_id: str | None, after: str | None, pace: Pace
    ) -> None:
        if after is not None and not _is_place(after):
            raise CallError("after", "the id of an event that was followed", repr(after))
        given = {"flow_run_id": flow_run_id, "bulk_id": bulk_id}
        of = [(name, value) for name, value in given.items() if value is not None]
        if len(of) > 1:
            raise CallError("bulk_id", "to be left out beside a flow run", repr(bulk_id))
        for name, value in of:
            require_id(name, value)
        self._query = tuple(of)
        self._place = after or ""
        self._pace = pace
        self._pauses = pace.pauses()
        self._limit_seconds = pace.retry_seconds
        self._away_since: float | None = None
        self._messages = Messages()

    @property
    def place(self) -> str | None:
        """Where it goes on; None: from whatever comes next."""
        return self._place or None

    def call(self) -> Call:
        """The next connection, after which nothing of the one before counts."""
        self._messages = Messages(self._place)
        headers = (("accept", "text/event-stream"), ("cache-control", "no-store"))
        place = (("last-event-id", self._place),) if self._place else ()
        return Call("GET", path_of("/events"), self._query, (*headers, *place))

    def is_stream(self, reply: Reply) -> bool:
        """Whether events will come; else the whole reply has to be looked at by `failed`."""
        kind = reply.headers.get("content-type", "")
        return reply.status == 200 and kind.startswith("text/event-stream")

    def feed(self, where: str, chunk: bytes) -> Iterator[FollowedEvent | None]:
        """The events in it; None for a message that says the place alone.

        Raises `UnexpectedAnswerError`.
        """
        try:
            for message in self._messages.feed(chunk):
                event = _event(message)
                self._place = message.id
                self._is_there()
                yield event
        except (ValidationError, ValueError) as error:
            why = f"sent what is no event ({str(error).splitlines()[0]})"
            raise UnexpectedAnswerError(str(self.call()), where, 200, why) from None

    def failed(self, reply: Reply | NoReply) -> float:
        """The connection did not come about, or has ended: how long to wait before the next one.

        Raises what the reply means, if another one would be answered alike or it has been away for
        too long.
        """
        now = self._pace.clock()
        if self._away_since is None:
            self._away_since = now
        if isinstance(reply, Reply) and reply.status == 200:
            raise_for(self.call(), reply)
        pause = pause_before_next(reply, next(self._pauses))
        if pause is None or now + pause - self._away_since > self._limit_seconds:
            raise_for(self.call(), reply)
        return pause

    def _is_there(self) -> None:
        self._away_since = None
        self._pauses = self._pace.pauses()
        # Whoever has followed already is kept through a restart; who never could is told soon.
        self._limit_seconds = self._pace.away_seconds


def _event(message: Message) -> FollowedEvent | None:
    if not message.data:
        return None
    event = Event.model_validate_json(message.data)
    return FollowedEvent(**dict(event), id=message.id)


def _is_place(text: str) -> bool:
    return 0 < len(text) <= _PLACE_CHARACTERS_MAX and text.isascii() and text.isprintable()
