"""`Shared`: what comes after a position, looked for and written once for all who have got so far.

Hundreds follow the same journal and are nearly always at the same place. One question to the read
model for each of them, each time that it moves, would take longer than the time between two moves.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

from rescind.events.words import StreamKind
from rescind.server.api.live.positions import write_positions
from rescind.server.api.live.streaming import written
from rescind.server.api.reads.journal import Event
from rescind.server.readmodel.projecting.placed import plain
from rescind.server.readmodel.queries.answers import JournalEvent
from rescind.server.readmodel.reading import ReadModel

__all__ = ["AT_ONCE", "Found", "Shared"]

AT_ONCE: Final = 50
"""Events of one answer: fewer mean that there are no more."""

# So far back a partition is looked through for all who follow streams of it.
_PASSED_MAX: Final = 200

# Each may be as large as fifty events are.
_KEPT_MAX: Final = 32

# What is sent at once to one client; more of it waits until that client has taken it.
_PART_BYTES: Final = 65_536

_Of = tuple[StreamKind, str] | None
_Key = tuple[frozenset[tuple[int, int]], _Of]
K = TypeVar("K")
V = TypeVar("V")


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
        self._found: dict[_Key, asyncio.Task[Found]] = {}
        self._passed: dict[tuple[int, int], asyncio.Task[Sequence[JournalEvent]]] = {}

    async def after(
        self, positions: Mapping[int, int], of: _Of, standing: Mapping[int, int]
    ) -> Found:
        """The next events from these offsets on, of all or of one stream in its partition.

        ``standing``: where the read model stands, as `Beat` has said. Raises `ReadModelError`.
        """
        if standing is not self._standing:
            self._standing, self._found, self._passed = standing, {}, {}
        if of is not None:
            ((partition, offset),) = positions.items()
            upto = standing.get(partition, 0)
            if offset <= upto <= offset + _PASSED_MAX:
                look = partial(self._look_through, partition, offset)
                passed = await _once(self._passed, (partition, offset), look)
                return _of_stream(passed, of, partition, upto)
        key = frozenset(positions.items()), of
        return await _once(self._found, key, partial(self._look, dict(positions), of))

    async def _look_through(self, partition: int, offset: int) -> Sequence[JournalEvent]:
        """What has come to a partition: for all who follow streams of it, of which few have moved.

        Each that asked for itself would be one question for each of them at each move.
        """
        asked = {partition: offset}
        return await asyncio.to_thread(self._model.events_after, asked, limit=_PASSED_MAX)

    async def _look(self, positions: Mapping[int, int], of: _Of) -> Found:
        return await asyncio.to_thread(self._find, positions, of)

    def _find(self, positions: Mapping[int, int], of: _Of) -> Found:
        found = self._model.events_after(positions, of, limit=AT_ONCE)
        return _as_sent(found, positions, is_all=len(found) < AT_ONCE)


async def _once(
    asked: dict[K, asyncio.Task[V]], key: K, ask: Callable[[], Coroutine[Any, Any, V]]
) -> V:
    """What somebody has asked already, or asks now."""
    task = asked.get(key)
    if task is None:
        if len(asked) >= _KEPT_MAX:
            # Those who lag are at places of their own: what they were told is not kept.
            del asked[next(iter(asked))]
        task = asked[key] = asyncio.create_task(ask(), name="events")
        task.add_done_callback(partial(_forget_failed, asked, key))
    # Whoever asked first may have gone, and others wait for it.
    return await asyncio.shield(task)


def _forget_failed(asked: dict[K, asyncio.Task[V]], key: K, task: asyncio.Task[V]) -> None:
    if (task.cancelled() or task.exception()) and asked.get(key) is task:
        del asked[key]


def _of_stream(
    passed: Sequence[JournalEvent], of: tuple[StreamKind, str], partition: int, upto: int
) -> Found:
    stream = of[0], plain(of[1])
    found = [one for one in passed if (one.stream_kind, one.stream_id) == stream]
    sent = _as_sent(found, {partition: upto}, is_all=True)
    # Nothing of it is before that: it need not be looked through again.
    return sent._replace(positions={partition: max(upto, sent.positions[partition])})


def _as_sent(found: Iterable[JournalEvent], positions: Mapping[int, int], *, is_all: bool) -> Found:
    place = dict(positions)
    messages: list[bytes] = []
    for event in found:
        place[event.partition] = event.offset + 1
        data = Event.of(event).model_dump_json()
        messages.append(written(data=data, id=write_positions(place)))
    return Found(_together(messages), place, is_all)


def _together(messages: Iterable[bytes]) -> list[bytes]:
    parts: list[bytearray] = []
    for message in messages:
        if parts and len(parts[-1]) + len(message) <= _PART_BYTES:
            parts[-1] += message
        else:
            parts.append(bytearray(message))
    return [bytes(part) for part in parts]
