"""What a runner can reach: where a process or a container can be ended from.

Two runners of one scope can end each other's infrastructure. A host is a machine and the space
of its process ids: a container has a space of its own, where the same number is another process.
"""

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Self

__all__ = ["Scope"]


@dataclass(frozen=True, slots=True)
class Scope:
    """The name of a scope: a kind and what identifies it, as ``host:1f3a…/4026531836``."""

    name: str

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= 256:
            raise ValueError(
                f"expected a scope of 1 to 256 characters, but it has {len(self.name)}"
            )

    def __str__(self) -> str:
        return self.name

    @classmethod
    def host(cls) -> Self:
        """This machine, as processes of the same space of process ids see it."""
        return cls(f"host:{_machine()}/{_pid_space()}")


def _machine() -> str:
    try:
        return Path("/etc/machine-id").read_text(encoding="ascii").strip() or platform.node()
    except (OSError, UnicodeDecodeError):
        return platform.node() or "unknown"


def _pid_space() -> str:
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        # Systems without spaces of process ids have one.
        return "0"
