"""`Beat`: tells whoever follows that the read model has moved. One looks for all of them."""

import asyncio
import enum
import itertools
from collections.abc import Callable, Collection, Mapping
from typing import Final

from rescind.errors import ReadModelError
from rescind.server.readmodel.reading import ReadModel

__all__ = ["QUIET_SECONDS", "Beat", "Word"]

_LOOK_SECONDS: Final = 0.05
# Every few seconds whoever waits looks up, whether they may stay.
_LOOKS_BETWEEN: Final = 40

QUIET_SECONDS: Final = 15.0
"""A proxy ends a connection that says nothing, the usual ones after a minute."""


class Word(enum.Enum):
    """What whoever waits is told."""

    MOVED = enum.auto()
    QUIET = enum.auto()
    END = enum.auto()


class Beat:
    """It looks only while somebody waits."""

    def __init__(self, model: ReadModel) -> None:
        self._model = model
        self._standing: Mapping[int, int] = {}
        # One for each word: with a condition those who wait would go on one after another, each
        # in a turn of the event loop of its own.
        self._word = asyncio.Event()
        self._waiting = 0
        self._looking: asyncio.Task[None] | None = None
        self._ended = False
        self._away: ReadModelError | None = None

    @property
    def standing(self) -> Mapping[int, int]:
        """Where each partition of the read model stood when it was looked at last."""
        return self._standing

    async def past(
        self,
        seen: Mapping[int, int],
        within: Collection[int] | None = None,
        *,
        said_at: float | None = None,
        is_patient: bool = True,
        is_welcome: Callable[[], bool] = lambda: True,
    ) -> Word:
        """Return when the read model is further than that, or it is time to say something.

        ``within``: only these partitions count; None: all. ``said_at``: when the caller has said
        something last, by the loop's clock; 15 seconds after that it is time, whatever else has
        moved meanwhile. The end comes with `end`, and once whoever waits is not welcome any more,
        which is looked at every few seconds. Raises `ReadModelError` when it is away, unless the
        caller `is_patient`.
        """
        if said_at is None:
            said_at = asyncio.get_running_loop().time()
        self._waiting += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="beat")
        try:
            async with asyncio.timeout_at(said_at + QUIET_SECONDS):
                while not self._ended and is_welcome():
                    if self._away is not None and not is_patient:
                        raise self._away
                    if self._is_past(seen, within):
                        return Word.MOVED
                    await self._word.wait()
        except TimeoutError:
            return Word.QUIET
        finally:
            self._waiting -= 1
        return Word.END

    async def end(self) -> None:
        """Let everybody go who waits, and who would wait later."""
        self._ended = True
        self._tell()
        if self._looking is not None:
            await asyncio.wait([self._looking])

    def _is_past(self, seen: Mapping[int, int], within: Collection[int] | None) -> bool:
        numbers = self._standing if within is None else within
        return any(self._standing.get(one, 0) > seen.get(one, 0) for one in numbers)

    def _tell(self) -> None:
        word, self._word = self._word, asyncio.Event()
        word.set()

    async def _look(self) -> None:
        try:
            for looks in itertools.count(1):
                if not self._waiting or self._ended:
                    return
                await self._look_once()
                if looks % _LOOKS_BETWEEN == 0:
                    self._tell()
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            self._looking = self._away = None

    async def _look_once(self) -> None:
        try:
            found = await asyncio.to_thread(self._model.standings)
        except ReadModelError as error:
            self._away = error
            self._tell()
            return
        self._away = None
        standing = {number: at.next_offset for number, at in found.items()}
        if standing != self._standing:
            self._standing = standing
            self._tell()
