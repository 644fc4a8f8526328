"""A large journal is read by as many processes as there are processors, a partition at a time.

Folding is work for a processor, and Python has one of those in a process. Each process is this
very command with ``--partition`` and ``--json``; where one fails, whoever asked does its part.
"""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from typing import Any, Final

import orjson

from rescind.cli.audit.partition import Audited
from rescind.cli.exits import Exit

__all__ = ["WORTH_IT", "audit_elsewhere", "processors"]

WORTH_IT: Final = 200_000
"""Offsets of the journal from which on a process more is sooner done than started."""


def processors() -> int:
    return len(os.sched_getaffinity(0))


async def audit_elsewhere(partition: int) -> Audited | None:
    """Audit one partition in a process of its own; None if it could not."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "rescind"),
        *("audit", "verify", "--json", "--partition", str(partition)),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=DEVNULL,
        # A Ctrl-C at the terminal is for this process, which then ends the others.
        start_new_session=True,
    )
    try:
        out, _ = await process.communicate()
    except asyncio.CancelledError:
        await _end(process)
        raise
    return _read(out, partition) if process.returncode in {Exit.OK, Exit.FINDINGS} else None


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


def _read(out: bytes, partition: int) -> Audited:
    from rescind.statemachine.audit import Finding, FindingCode

    body: dict[str, Any] = orjson.loads(out)
    return Audited(
        partition,
        entries=body["events"],
        findings=[
            Finding(FindingCode(finding["code"]), finding["where"], finding["message"])
            for finding in body["findings"]
        ],
        stopped=body["unreadable"].get(str(partition), ""),
    )
