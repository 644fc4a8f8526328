"""Does this machine's clock agree with the broker's, which decides when anything is due."""

import asyncio
import secrets
import time

from rescind.cli.doctor.check import Check, ok, warn
from rescind.cli.session import Session
from rescind.errors import BrokerError
from rescind.events.intents import Canary
from rescind.kafka.records import OutRecord
from rescind.kafka.writing.sender import Sender

__all__ = ["check_clock"]

_SKEW_MS_MAX = 2_000
_SECONDS_MAX = 10.0


async def check_clock(session: Session) -> Check:
    """Let the broker stamp a heartbeat of our own, which belongs to nobody and means nothing."""
    try:
        async with asyncio.timeout(_SECONDS_MAX):
            skew_ms, error_ms = await _skew(session)
    except (BrokerError, TimeoutError) as error:
        return warn("clock", f"the broker's could not be asked: {error}", "try again")
    says = f"{abs(skew_ms):.0f} ms {'ahead of' if skew_ms > 0 else 'behind'} the broker's"
    if abs(skew_ms) > _SKEW_MS_MAX + error_ms:
        remedy = "set both by NTP: no decision depends on this one, but what you see does"
        return warn("clock", f"this machine's is {says}", remedy)
    return ok("clock", f"this machine's is {says} (±{error_ms:.0f} ms)")


async def _skew(session: Session) -> tuple[float, float]:
    """How far this clock is ahead, and how much of that asking may explain; milliseconds."""
    async with Sender(session.connection) as sender:
        # The first record waits for connections; only the second one measures.
        await _measure(sender, session.names.heartbeats)
        return await _measure(sender, session.names.heartbeats)


async def _measure(sender: Sender, topic: str) -> tuple[float, float]:
    before = time.time() * 1000
    canary = Canary(agent_id=f"doctor-{secrets.token_hex(4)}", sent_at=round(before))
    sent = await sender.send(OutRecord(topic, None, canary.model_dump_json().encode()))
    after = time.time() * 1000
    return (before + after) / 2 - sent.timestamp_ms, (after - before) / 2 + 1
