"""Which intents have been handed on: each is told several times and has to be done once."""

from collections import OrderedDict
from typing import Final

from rescind.events import intents as wire
from rescind.events.words import Mode

__all__ = ["Repeats"]

_KEPT: Final = 100_000


class Repeats:
    """Remembers the last 100,000 cancellations, in the strongest mode in which each was told."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._modes: OrderedDict[tuple[str, ...], Mode] = OrderedDict()
        self._teardowns: OrderedDict[tuple[str, ...], None] = OrderedDict()

    def is_new(self, intent: wire.CancelFlow | wire.CancelTask) -> bool:
        """Whether this was not told before; an abort after a graceful one is new."""
        key: tuple[str, ...] = (intent.flow_run_id, intent.cancellation_id)
        if isinstance(intent, wire.CancelTask):
            key = (*key, intent.task_run_id, str(intent.attempt))
        known = self._modes.get(key)
        # A reminder may be older than the escalation that it arrives after.
        if known is intent.mode or known is Mode.ABORT:
            return False
        self._modes[key] = intent.mode
        self._modes.move_to_end(key)
        if len(self._modes) > self._kept:
            self._modes.popitem(last=False)
        return True

    def is_new_teardown(self, intent: wire.StopInfrastructure) -> bool:
        """Whether this teardown is not under way or done already.

        Whatever it is for: a flow run that is cancelled meanwhile orders the same one.
        """
        key = (intent.flow_run_id, intent.target_runner_id)
        if key in self._teardowns:
            return False
        self._teardowns[key] = None
        if len(self._teardowns) > self._kept:
            self._teardowns.popitem(last=False)
        return True

    def forget_teardown(self, flow_run_id: str, target_runner_id: str) -> None:
        """It failed: told again, it is to be tried again."""
        self._teardowns.pop((flow_run_id, target_runner_id), None)
