"""`Beat`: tells whoever follows that the read model has moved. One looks for all of them."""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from typing import Final

from rescind.errors import ReadModelError
from rescind.server.readmodel.reading import ReadModel

__all__ = ["Beat"]

_LOOK_SECONDS: Final = 0.1
# Every few seconds whoever waits looks up, whether they may stay.
_LOOKS_BETWEEN: Final = 20


class Beat:
    """It looks only while somebody waits."""

    def __init__(self, model: ReadModel) -> None:
        self._model = model
        self._standing: Mapping[int, int] = {}
        self._changed = asyncio.Condition()
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
        *,
        is_patient: bool = True,
        is_welcome: Callable[[], bool] = lambda: True,
    ) -> bool:
        """Return when the read model is further than that; whether it is: not after `end`.

        Nor once whoever waits is not welcome any more, which is looked at every few seconds.
        Raises `ReadModelError` when it is away, unless the caller `is_patient`.
        """
        self._waiting += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="beat")
        try:
            async with self._changed:
                await self._changed.wait_for(
                    lambda: (
                        self._ended
                        or self._is_past(seen)
                        or (self._away and not is_patient)
                        or not is_welcome()
                    )
                )
        finally:
            self._waiting -= 1
        if self._away is not None and not (is_patient or self._ended):
            raise self._away
        return not self._ended and is_welcome()

    async def end(self) -> None:
        """Let everybody go who waits, and who would wait later."""
        self._ended = True
        async with self._changed:
            self._changed.notify_all()
        if self._looking is not None:
            await asyncio.wait([self._looking])

    def _is_past(self, seen: Mapping[int, int]) -> bool:
        return any(offset > seen.get(number, 0) for number, offset in self._standing.items())

    async def _look(self) -> None:
        try:
            for looks in itertools.count(1):
                if not self._waiting or self._ended:
                    return
                await self._look_once()
                if looks % _LOOKS_BETWEEN == 0:
                    async with self._changed:
                        self._changed.notify_all()
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            self._looking = self._away = None

    async def _look_once(self) -> None:
        try:
            found = await asyncio.to_thread(self._model.standings)
        except ReadModelError as error:
            self._away = error
            async with self._changed:
                self._changed.notify_all()
            return
        self._away = None
        standing = {number: at.next_offset for number, at in found.items()}
        if standing != self._standing:
            self._standing = standing
            async with self._changed:
                self._changed.notify_all()
