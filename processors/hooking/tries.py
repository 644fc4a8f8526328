"""One try to tell a hook something: what came of it, and when to try again.

A hook that does not take what it is told is no error of ours, so it is returned and not raised.
"""

from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final, Protocol

from rescind.events.hooks import HookEvent

__all__ = ["RETRY_AFTER_SECONDS_MAX", "Target", "Try", "retry_after", "wait_seconds"]

FIRST_WAIT_SECONDS: Final = 1.0
WAIT_SECONDS_MAX: Final = 300.0
RETRY_AFTER_SECONDS_MAX: Final = 3600.0
"""What a receiver may ask for at most: who says "next year" would never be told anything."""


@dataclass(frozen=True, slots=True)
class Try:
    """What came of one try.

    Attributes:
        why_not: why it was not taken; empty if it was.
        is_final: it will never be taken, so it is not tried again.
        after_seconds: when the receiver wants to be asked again, if it says so.
        status: the status of the answer of a webhook, if there was one.

    """

    why_not: str = ""
    is_final: bool = False
    after_seconds: float | None = None
    status: int | None = None

    @property
    def is_taken(self) -> bool:
        """Whether the hook has it."""
        return not self.why_not


class Target(Protocol):
    """A webhook, or a callable of a user's."""

    async def tell(self, event: HookEvent) -> Try:
        """Try once. It neither raises nor takes longer than it may."""
        ...

    async def close(self) -> None:
        """Let go of what it holds."""
        ...


def wait_seconds(tries: int, after_seconds: float | None, chance: Callable[[], float]) -> float:
    """How long to wait after so many tries, 1 or more; `chance` is 0 to 1.

    Twice as long each time, and a half of it by chance: hooks of many flow runs that failed at
    once would else all come again at once.
    """
    longest = min(FIRST_WAIT_SECONDS * 2.0 ** min(tries - 1, 30), WAIT_SECONDS_MAX)
    asked = min(after_seconds or 0.0, RETRY_AFTER_SECONDS_MAX)
    return max(longest * (0.5 + 0.5 * chance()), asked)


def retry_after(text: str | None, now_seconds: float) -> float | None:
    """The seconds that a header ``Retry-After`` means: a number of them, or a date."""
    if text is None:
        return None
    if text.strip().isascii() and text.strip().isdecimal():
        return float(text.strip()[:9])
    try:
        at = parsedate_to_datetime(text)
        return max(at.timestamp() - now_seconds, 0.0)
    except (ValueError, TypeError, OverflowError):
        return None
