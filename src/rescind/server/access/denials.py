"""`Denials`: that somebody was turned away at this door goes to the journal, if it is about a run.

Not each time: a script that tries again and again would fill it, and the log. The first is told,
and one a minute after that for each token and permission. Somebody without a good token is nobody
that could be named. The answers are counted, all of them.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from pydantic import ValidationError

from rescind.access.tokens import Scope
from rescind.asking.line import new_request_id
from rescind.errors import BrokerError
from rescind.events.requests import RequestDenied
from rescind.server.access.viewer import Viewer
from rescind.server.api.problems import ProblemError

__all__ = ["EVERY_SECONDS", "Denials"]

EVERY_SECONDS: Final = 60.0

_Key = tuple[str, Scope, bool]

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
        self._recorded: dict[_Key, float] = {}
        self._telling: set[asyncio.Task[None]] = set()

    def note(self, viewer: Viewer, scope: Scope, asked: str, flow_run_id: str | None) -> None:
        """Somebody who is known has asked for what they may not do. It returns at once."""
        key = viewer.token_id, scope, flow_run_id is not None
        if not self._is_due(key):
            return
        _log.warning("somebody was turned away", who=viewer.actor.id, token_id=viewer.token_id,
                     asked=asked, permission=scope.value, flow_run_id=flow_run_id)  # fmt: skip
        if flow_run_id is None:
            return
        try:
            request = RequestDenied(
                request_id=new_request_id("denied"),
                actor=viewer.actor,
                flow_run_id=flow_run_id,
                asked=asked,
                permission=scope.value,
            )
        except ValidationError:
            # No run can be called so. The next try that is about one is not lost by this.
            del self._recorded[key]
            return
        task = asyncio.create_task(self._record(request, key), name="denial")
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    def _is_due(self, key: _Key) -> bool:
        now, last = self._clock(), self._recorded.get(key)
        if last is not None and now - last < EVERY_SECONDS:
            return False
        self._recorded[key] = now
        return True

    async def _record(self, request: RequestDenied, key: _Key) -> None:
        try:
            await self._tell(request)
        except (BrokerError, ProblemError) as error:
            self._recorded.pop(key, None)
            _log.warning("a denial is not in the journal", who=request.actor, why=str(error))
