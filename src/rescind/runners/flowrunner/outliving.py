"""What still runs here when nobody waits for it any more: its deadline has passed, or it is lost.

At the deadline the service ends what it knows no reason to wait for, and of a runner that it has
given up everything, whatever has been seen to stop. A process with work that cannot be stopped
would go on in silence. So it says what still runs, and whoever asks once more, a person by Ctrl-C
or a host by its signal, has this process end itself: that is consent, in the place of ``may_exit``.

What lives in something of its own (it has a handle) is ended from outside, by somebody who sees it
end. The SIGTERM of that is no consent: of its own end this process could only report that nobody
has seen it.
"""

import asyncio
from typing import Final

import structlog

from rescind.runners.client import CancelFlow
from rescind.runners.client.sending.reported import Reported
from rescind.runners.flowrunner.asking import Asking
from rescind.runners.flowrunner.exiting import LastRung

__all__ = ["Outliving"]

# What ends at the deadline itself is not worth a word.
_AFTERWARDS_SECONDS: Final = 0.5

_log = structlog.get_logger(__name__)


class Outliving:
    """Says of one flow run what outlives it, and lets this process be left then.

    ``asking`` None: it is ended from outside.
    """

    def __init__(self, flow_run_id: str, last_rung: LastRung, asking: Asking | None) -> None:
        self._flow_run_id = flow_run_id
        self._last_rung = last_rung
        self._asking = asking
        self._leaving: asyncio.Task[None] | None = None

    async def from_deadline_of(self, intent: CancelFlow, acknowledged: Reported) -> None:
        """Wait for the deadline, by the broker's clock: it says when it got the acknowledgement."""
        left_ms = intent.deadline_at_ms - await acknowledged.sent_at_ms()
        await asyncio.sleep(max(left_ms / 1000, 0) + _AFTERWARDS_SECONDS)
        self.from_now(f"the deadline of flow run {self._flow_run_id} has passed")

    def from_now(self, why: str) -> None:
        """Say what still runs, and take the next wish for one to leave."""
        if self._asking is None:
            ended_by = "what it lives in is ended from outside"
        else:
            self._asking.leaves_by(self._leave)
            ended_by = "Ctrl-C once more, or SIGTERM to `rescind run`, ends this process"
        if running := self._last_rung.still_running():
            _log.warning(f"{why}, and still running here: {running}; {ended_by}")

    def _leave(self) -> None:
        if self._leaving is None:
            self._leaving = asyncio.get_running_loop().create_task(self._last_rung.leave())
