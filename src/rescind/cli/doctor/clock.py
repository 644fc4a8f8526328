"""Do the clocks of this machine and of the others agree with the broker's, which decides."""

import asyncio
import secrets
import socket
import time
from typing import Final, NamedTuple

from rescind.cli.doctor.check import Check, ok, warn
from rescind.cli.doctor.clocks_of_others import check_clocks_of_others
from rescind.cli.session import Session
from rescind.errors import BrokerError
from rescind.events.intents import Canary
from rescind.kafka.records import OutRecord
from rescind.kafka.writing.sender import Sender

__all__ = ["check_clocks"]

_SKEW_MS_MAX: Final = 2_000
_SECONDS_MAX: Final = 10.0


class _Measured(NamedTuple):
    """How far this clock is ahead, how much of that asking may explain, and the broker's time.

    Milliseconds.
    """

    ahead_ms: float
    error_ms: float
    broker_ms: int


async def check_clocks(session: Session) -> list[Check]:
    """This machine's clock, and those of everybody who was heard lately."""
    try:
        async with asyncio.timeout(_SECONDS_MAX):
            measured = await _measured(session)
    except (BrokerError, TimeoutError) as error:
        return [warn("clock", f"the broker's could not be asked: {error}", "try again")]
    others = await check_clocks_of_others(session, measured.broker_ms)
    return [_judged(measured), *others]


def _judged(measured: _Measured) -> Check:
    ahead_ms, error_ms, _ = measured
    says = f"{abs(ahead_ms):.0f} ms {'ahead of' if ahead_ms > 0 else 'behind'} the broker's"
    if abs(ahead_ms) > _SKEW_MS_MAX + error_ms:
        remedy = "set both by NTP: no decision depends on this one, but what you see does"
        return warn("clock", f"this machine's is {says}", remedy)
    return ok("clock", f"this machine's is {says} (±{error_ms:.0f} ms)")


async def _measured(session: Session) -> _Measured:
    """Let the broker stamp a heartbeat of our own, which belongs to nobody and means nothing."""
    async with Sender(session.connection) as sender:
        # The first record waits for connections; only the second one measures.
        await _measure(sender, session.names.heartbeats)
        return await _measure(sender, session.names.heartbeats)


async def _measure(sender: Sender, topic: str) -> _Measured:
    before = time.time() * 1000
    canary = Canary(
        agent_id=f"doctor-{secrets.token_hex(4)}",
        service="doctor",
        host=socket.gethostname(),
        sent_at=round(before),
    )
    sent = await sender.send(OutRecord(topic, None, canary.model_dump_json().encode()))
    after = time.time() * 1000
    ahead_ms = (before + after) / 2 - sent.timestamp_ms
    return _Measured(ahead_ms, (after - before) / 2 + 1, sent.timestamp_ms)
