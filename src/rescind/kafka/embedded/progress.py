"""What the embedded broker says while someone waits for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

__all__ = ["Progress", "ProgressCallback", "Stage", "silent"]

Stage = Literal["download", "format", "start", "ready", "stop", "tune"]


@dataclass(frozen=True, slots=True)
class Progress:
    """One step on the way. ``done`` and ``total`` are bytes while downloading, else 0."""

    stage: Stage
    message: str
    done: int = 0
    total: int = 0


# Called from the thread that works, never from two at once; it must not raise.
ProgressCallback = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Nobody watches."""
