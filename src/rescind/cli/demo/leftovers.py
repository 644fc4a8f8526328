"""Does anything of it still run? Asked of the process table, not of anybody's word.

In two ways that know nothing of each other: each process that was seen while the flow was at work,
by its id and time of start; and whatever was started with the demo's mark in its environment,
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

__all__ = ["all_below", "all_marked", "still_there"]


def all_below(pid: int) -> list[Process]:
    """Every process that this one has started, and what those have, as of now."""
    return descendants(pid)


def all_marked(variable: str, folder: Path) -> list[Process]:
    """Every process that was started with this folder in that variable, as of now."""
    return carriers(variable, str(folder))


def still_there(seen: Collection[Process], variable: str, folder: Path) -> list[Process]:
    """What still runs of it. The services do not carry the variable, and go on."""
    found = {process.identity: process for process in seen if is_running(process.identity)}
    found |= {process.identity: process for process in all_marked(variable, folder)}
    return list(found.values())
