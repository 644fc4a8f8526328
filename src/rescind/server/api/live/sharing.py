"""`Shared`: what comes after a position, looked for and written once for all who have got so far.

Hundreds follow the same journal and are nearly always at the same place. One question to the read
model for each of them, each time that it moves, would take longer than the time between two moves.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from rescind.events.words import StreamKind
from rescind.server.api.live.positions import write_positions
from rescind.server.api.reads.journal import Event
from rescind.server.readmodel.reading import ReadModel

__all__ = ["AT_ONCE", "Message", "Shared"]

AT_ONCE: Final = 50
"""Events of one answer: fewer mean that there are no more."""

# Each may be as large as fifty events are.
_KEPT_MAX: Final = 32

_Of = tuple[StreamKind, str] | None


class Message(NamedTuple):
    """An event as it is sent, and the place after it."""

    data: str
    partition: int
    next_offset: int


class Shared:
    """Of one server. What was found holds as long as the read model stands where it stood."""

    def __init__(self, model: ReadModel) -> None:
        self._model = model
        self._standing: Mapping[int, int] = {}
        self._asked: dict[tuple[str, _Of], asyncio.Task[Sequence[Message]]] = {}

    async def after(
        self, positions: Mapping[int, int], of: _Of, standing: Mapping[int, int]
    ) -> Sequence[Message]:
        """The next events from these offsets on, of all or of one stream.

        ``standing``: where the read model stands, as `Beat` has said. Raises `ReadModelError`.
        """
        if standing is not self._standing:
            self._standing, self._asked = standing, {}
        key = write_positions(positions), of
        asked = self._asked.get(key)
        if asked is None:
            if len(self._asked) >= _KEPT_MAX:
                # Those who lag are at places of their own: what they were told is not kept.
                del self._asked[next(iter(self._asked))]
            asked = asyncio.create_task(self._look(dict(positions), of), name="events")
            self._asked[key] = asked
            asked.add_done_callback(partial(self._forget_failed, key))
        # Whoever asked first may have gone, and others wait for it.
        return await asyncio.shield(asked)

    async def _look(self, positions: Mapping[int, int], of: _Of) -> Sequence[Message]:
        return await asyncio.to_thread(self._messages, positions, of)

    def _messages(self, positions: Mapping[int, int], of: _Of) -> Sequence[Message]:
        found = self._model.events_after(positions, of, limit=AT_ONCE)
        return [
            Message(Event.of(event).model_dump_json(), event.partition, event.offset + 1)
            for event in found
        ]

    def _forget_failed(
        self, key: tuple[str, _Of], asked: "asyncio.Task[Sequence[Message]]"
    ) -> None:
        if (asked.cancelled() or asked.exception()) and self._asked.get(key) is asked:
            del self._asked[key]
