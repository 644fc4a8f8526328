"""Does anything of it still run? Asked of the process table, not of anybody's word.

In two ways that know nothing of each other: each process that was seen below the flow runner, by
its id and time of start; and whatever was started with the demo's own folder in its environment,
however far it has run away since.
"""

from collections.abc import Collection
from pathlib import Path

from rescind.runners.executors.processtree.identity import (
    Process,
    carriers,
    descendants,
    is_running,
)

__all__ = ["all_below", "still_there"]


def all_below(pid: int) -> list[Process]:
    """Every process that this one has started, and what those have, as of now."""
    return descendants(pid)


def still_there(seen: Collection[Process], folder: Path, ours: Collection[int]) -> list[Process]:
    """What still runs of it. ``ours``: the services, which go on."""
    found = {process.identity: process for process in seen if is_running(process.identity)}
    for process in carriers("RESCIND_DATA_DIR", str(folder)):
        if process.pid not in ours:
            found[process.identity] = process
    return list(found.values())
