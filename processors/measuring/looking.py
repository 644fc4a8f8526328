"""Renews, once a second, what can be scraped of what a process of agents has in view."""

import time
from typing import Final, NamedTuple

import structlog

from rescind.processors.measuring.agents import AgentMeters
from rescind.processors.on_faust.committed import CommittedApp
from rescind.processors.watching.bulks import Bulks
from rescind.processors.watching.cancelling import Cancelling
from rescind.processors.watching.registry import Registry

__all__ = ["Seen", "add_looking", "look"]

LOOK_SECONDS: Final = 1.0

_log = structlog.get_logger(__name__)


class Seen(NamedTuple):
    """What the agents keep in view."""

    registry: Registry
    cancelling: Cancelling
    bulks: Bulks


def look(meters: AgentMeters, seen: Seen, now_ms: int) -> None:
    """Set the gauges of it."""
    meters.look_at_runners(len(seen.registry.living()))
    cancelling = seen.cancelling
    meters.look_at_cancellations(cancelling.open(), now_ms, is_current=cancelling.is_current)
    meters.look_at_bulks(seen.bulks.all())


def add_looking(app: CommittedApp, meters: AgentMeters, seen: Seen) -> None:
    """Put the timer on the app."""

    @app.timer(interval=LOOK_SECONDS, name="look")
    async def look_again() -> None:
        try:
            # By this machine's clock: it is for people, and nothing is decided by it.
            look(meters, seen, round(time.time() * 1000))
            consumer = app.consumer
            mine = consumer.assignment()
            # Nothing (None) of what was not fetched from yet, whatever its type says.
            ends = {(tp.topic, tp.partition): consumer.highwater(tp) or 0 for tp in mine}
            meters.look_at_ends(ends)
        except Exception as error:  # noqa: BLE001 - what is only looked at must not end the agents
            _log.debug("the agents were not looked at", why=str(error))
