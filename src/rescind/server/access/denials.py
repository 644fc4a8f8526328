"""`Denials`: that somebody was turned away at this door goes to the journal, if it is about a run.

Not each time: a script that tries again and again would fill it. The first is recorded, and one a
minute after that for each token and permission; all are counted, and logged. Somebody without a
good token is nobody that could be named, and is counted alone.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog

from rescind.access.tokens import Scope
from rescind.asking.line import new_request_id
from rescind.errors import BrokerError
from rescind.events.requests import RequestDenied
from rescind.server.access.viewer import Viewer
from rescind.server.api.problems import ProblemError

__all__ = ["EVERY_SECONDS", "Denials"]

EVERY_SECONDS: Final = 60.0

_log = structlog.get_logger(__name__)


class Denials:
    """``tell`` asks the service, signed; ``clock`` is monotonic, in seconds."""

    def __init__(
        self,
        tell: Callable[[RequestDenied], Awaitable[Any]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self._clock = clock
        # No more than there are tokens and scopes.
        self._recorded: dict[tuple[str, Scope], float] = {}
        self._telling: set[asyncio.Task[None]] = set()

    def note(self, viewer: Viewer, scope: Scope, asked: str, flow_run_id: str | None) -> None:
        """Somebody who is known has asked for what they may not do. It returns at once."""
        token_id = "" if viewer.token is None else viewer.token.token_id
        _log.warning("somebody was turned away", who=viewer.actor.id, token_id=token_id,
                     asked=asked, permission=scope.value, flow_run_id=flow_run_id)  # fmt: skip
        if flow_run_id is None or not self._is_due(token_id, scope):
            return
        request = RequestDenied(
            request_id=new_request_id("denied"),
            actor=viewer.actor,
            flow_run_id=flow_run_id,
            asked=asked,
            permission=scope.value,
        )
        task = asyncio.create_task(self._record(request), name="denial")
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    def _is_due(self, token_id: str, scope: Scope) -> bool:
        now, key = self._clock(), (token_id, scope)
        last = self._recorded.get(key)
        if last is not None and now - last < EVERY_SECONDS:
            return False
        self._recorded[key] = now
        return True

    async def _record(self, request: RequestDenied) -> None:
        try:
            await self._tell(request)
        except (BrokerError, ProblemError) as error:
            _log.warning("a denial is not in the journal", who=request.actor, why=str(error))
