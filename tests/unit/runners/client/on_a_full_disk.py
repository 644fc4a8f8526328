"""A hundred reports wait where a file may have 16 KiB: says what was sent of them, as JSON."""

import asyncio
import resource
import signal
import sys
from pathlib import Path
from typing import Any, Final

import orjson
import structlog

from rescind.runners.client.sending.spill import Spill
from tests.unit.runners.client.taking import FINISH, Broker, end_of, outbox, rounds

_BYTES_MAX: Final = 16 << 10


async def wait_and_send(folder: Path) -> dict[str, Any]:
    """The last ones are put while there is room in neither the file nor, as it says, memory."""
    broker, spill = Broker(), Spill(folder)
    box = outbox(broker, spill, memory_bytes_max=2_000)
    with structlog.testing.capture_logs() as complaints:
        for number in range(100):
            box.put_item(FINISH, end_of(f"t-{number}", evidence={"log": "x" * 1_000}))
    is_full = _is_full(spill)
    while box.unsent:
        await rounds()
        await broker.take()
    spill.close()
    sent = [each for number in range(len(broker.posted)) for each in broker.items(number)]
    return {"sent": sent, "is_full": is_full, "complaints": len(complaints)}


def _is_full(spill: Spill) -> bool:
    try:
        spill.put(b"x" * _BYTES_MAX)
    except OSError:
        return True
    return False


if __name__ == "__main__":
    # Else a file that grows too large ends the process.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_BYTES_MAX, _BYTES_MAX))
    found = asyncio.run(wait_and_send(Path(sys.argv[1])))
    sys.stdout.write(orjson.dumps(found).decode())
