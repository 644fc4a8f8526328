"""`Shared`: what comes after a position, looked for and written once for all who have got so far.

Hundreds follow the same journal and are nearly always at the same place. One question to the read
model for each of them, each time that it moves, would take longer than the time between two moves.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from rescind.events.words import StreamKind
from rescind.server.api.live.positions import write_positions
from rescind.server.api.live.streaming import written
from rescind.server.api.reads.journal import Event
from rescind.server.readmodel.reading import ReadModel

__all__ = ["AT_ONCE", "Found", "Shared"]

AT_ONCE: Final = 50
"""Events of one answer: fewer mean that there are no more."""

# Each may be as large as fifty events are.
_KEPT_MAX: Final = 32

# What is sent at once to one client; more of it waits until that client has taken it.
_PART_BYTES: Final = 65_536

_Of = tuple[StreamKind, str] | None
_Key = tuple[frozenset[tuple[int, int]], _Of]


class Found(NamedTuple):
    """Events as they are sent, in parts of several or of one that is large; the place after them.

    ``is_all``: there were no more of them.
    """

    parts: Sequence[bytes]
    positions: Mapping[int, int]
    is_all: bool


class Shared:
    """Of one server. What was found holds as long as the read model stands where it stood."""

    def __init__(self, model: ReadModel) -> None:
        self._model = model
        self._standing: Mapping[int, int] = {}
        self._asked: dict[_Key, asyncio.Task[Found]] = {}

    async def after(
        self, positions: Mapping[int, int], of: _Of, standing: Mapping[int, int]
    ) -> Found:
        """The next events from these offsets on, of all or of one stream.

        ``standing``: where the read model stands, as `Beat` has said. Raises `ReadModelError`.
        """
        if standing is not self._standing:
            self._standing, self._asked = standing, {}
        key = frozenset(positions.items()), of
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

    async def _look(self, positions: Mapping[int, int], of: _Of) -> Found:
        return await asyncio.to_thread(self._found, positions, of)

    def _found(self, positions: Mapping[int, int], of: _Of) -> Found:
        found = self._model.events_after(positions, of, limit=AT_ONCE)
        place = dict(positions)
        messages: list[bytes] = []
        for event in found:
            place[event.partition] = event.offset + 1
            data = Event.of(event).model_dump_json()
            messages.append(written(data=data, id=write_positions(place)))
        return Found(_together(messages), place, is_all=len(found) < AT_ONCE)

    def _forget_failed(self, key: _Key, asked: asyncio.Task[Found]) -> None:
        if (asked.cancelled() or asked.exception()) and self._asked.get(key) is asked:
            del self._asked[key]


def _together(messages: Iterable[bytes]) -> list[bytes]:
    parts: list[bytearray] = []
    for message in messages:
        if parts and len(parts[-1]) + len(message) <= _PART_BYTES:
            parts[-1] += message
        else:
            parts.append(bytearray(message))
    return [bytes(part) for part in parts]
