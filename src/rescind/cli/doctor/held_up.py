"""Does a transaction of somebody else's producer hold up a lane: nothing behind it is read.

Everybody here reads what is committed, so no further than to where the first transaction that is
still open begins. The service itself opens none on a lane.
"""

import asyncio

from rescind.cli.doctor.check import Check, ok, warn
from rescind.cli.session import Session
from rescind.kafka.reading.visits import ends, written_ends
from rescind.telling.words import counted

__all__ = ["check_lanes_flow"]

_NAME = "transactions"
# Shorter ones are nobody's trouble.
_OPEN_SECONDS = 2.0


async def check_lanes_flow(session: Session) -> Check:
    """Look twice: who stands still at the same offset is held up."""
    names = session.names
    lanes = (names.stop_requests, names.start_requests)
    first = {topic: await _held_up(session, topic) for topic in lanes}
    if not any(first.values()):
        return ok(_NAME, "none holds up a lane")
    await asyncio.sleep(_OPEN_SECONDS)
    stuck = {
        f"{topic}[{partition}] at offset {offset}": waiting
        for topic in lanes
        for partition, (offset, waiting) in (await _held_up(session, topic)).items()
        if first[topic].get(partition, (None, 0))[0] == offset
    }
    if not stuck:
        return ok(_NAME, "none holds up a lane for long")
    says = f"{counted(sum(stuck.values()), 'record')} wait behind one that is open, in " + (
        ", ".join(sorted(stuck)[:5])
    )
    remedy = (
        "end the producer that began it, or `kafka-transactions.sh find-hanging` and `abort`; "
        "set `transaction.max.timeout.ms=60000` on the brokers, so that none lasts longer"
    )
    return warn(_NAME, says, remedy)


async def _held_up(session: Session, topic: str) -> dict[int, tuple[int, int]]:
    """Where each partition stands still, and how many offsets are behind that."""
    committed = await ends(session.connection, topic)
    written = await written_ends(session.connection, topic)
    return {
        partition: (offset, written[partition] - offset)
        for partition, offset in committed.items()
        if written[partition] > offset
    }
