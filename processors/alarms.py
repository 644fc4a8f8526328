"""Alarms: what is stuck, or has ended unseen, is said in the agents' log, with or without a hook.

It is brought as it is to a hook, by a courier of its own, so each is said at least once: again only
if the process was killed before Kafka had heard of it. Prometheus counts it under the hook's name
that is here.
"""

from typing import Final

import structlog

from rescind.events.hooks import HookEvent, HookKind
from rescind.processors.hooking.courier import Courier, Means
from rescind.processors.hooking.tries import Try
from rescind.settings.hooks import Hook

__all__ = ["ALARMS", "alarms"]

ALARMS: Final = "@alarms"
"""No hook can be called so."""

_RAISED: Final = Hook(events=(HookKind.STUCK, HookKind.UNCONFIRMED))

_log = structlog.get_logger(__name__)


class _Log:
    async def tell(self, event: HookEvent) -> Try:
        said = event.model_dump(
            mode="json",
            exclude_none=True,
            include={"flow_run_id", "namespace", "name", "cancellation_id", "deadline_at", "why"},
        )
        _log.error(
            f"alarm: {event.type.value}", remedy="rescind show ID says who is waited for", **said
        )
        return Try()

    async def close(self) -> None:
        """Nothing is held."""


def alarms(means: Means) -> Courier:
    """What raises them."""
    return Courier(ALARMS, _RAISED, _Log(), means, means.tools.topics.alarms_group)
