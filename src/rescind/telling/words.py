"""Times, durations and strangers' texts as a person reads them.

Whatever came over the wire goes through `plain` before it is printed: a reason may hold escape
codes, and a terminal obeys those.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Building the models takes longer than everything else that `rescind --help` does.
    from rescind.events.words import Actor

__all__ = [
    "actor",
    "age",
    "clock",
    "counted",
    "day_and_clock",
    "duration",
    "labels",
    "plain",
    "quoted",
    "short",
    "when",
]


def plain(text: str, characters_max: int = 500) -> str:
    """The text on one line, with a dot for each character that a terminal might obey."""
    cut = text if len(text) <= characters_max else f"{text[: characters_max - 1]}…"
    return "".join(c if c.isprintable() else " " if c.isspace() else "·" for c in cut)


def quoted(text: str, characters_max: int = 500) -> str:
    return f"“{plain(text, characters_max)}”"


def clock(at_ms: int, zone: tzinfo | None = None) -> str:
    """The local time of day with milliseconds, ``12:00:01.234``; of a zone, with its name."""
    return f"{_in(zone, at_ms):%H:%M:%S}.{at_ms % 1000:03d}{_named(zone)}"


def day_and_clock(at_ms: int, zone: tzinfo | None = None) -> str:
    """The local day and time, ``2026-11-22 12:00:01``; of a zone, with its name."""
    return f"{_in(zone, at_ms):%Y-%m-%d %H:%M:%S}{_named(zone)}"


def when(at_ms: int, now_ms: int) -> str:
    """The local time of day, with the day if that is not today."""
    is_today = _in(None, at_ms).date() == _in(None, now_ms).date()
    return clock(at_ms) if is_today else day_and_clock(at_ms)


def duration(ms: float) -> str:
    """In the unit that fits: ``12 ms``, ``3.4 s``, ``5 min 20 s``, ``2 h 5 min``, ``3 d 4 h``."""
    whole = round(ms)
    if whole < 1_000:
        return f"{whole} ms"
    # From here on it would be written as 60.0 s.
    if whole < 59_950:
        return f"{whole / 1000:.1f} s"
    minutes, seconds = divmod(round(whole / 1000), 60)
    if minutes < 60:
        return _two(minutes, "min", seconds, "s")
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return _two(hours, "h", minutes, "min")
    days, hours = divmod(hours, 24)
    return _two(days, "d", hours, "h")


def age(at_ms: int | None, now_ms: int) -> str:
    """How long ago; a dash if it never was, and for what a skewed clock puts ahead, nothing."""
    return "-" if at_ms is None else duration(max(0, now_ms - at_ms))


def counted(count: int, thing: str) -> str:
    """``1 runner``, ``2 runners``."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def short(some_id: str) -> str:
    """The beginning of an id that is 128 random bits; any other as it is."""
    random = len(some_id) == 32 and all(c in "0123456789abcdef" for c in some_id)
    return some_id[:8] if random else plain(some_id)


def actor(who: "Actor | None") -> str:
    """Who asked, and that it is only a claim where the service has not signed it."""
    if who is None:
        return "somebody"
    name = plain(who.id)
    shown = name if who.kind == "user" else f"{who.kind} {name}"
    return shown if who.verified or who.kind == "service" else f"{shown} (unverified)"


def labels(found: Mapping[str, str]) -> str:
    return " ".join(f"{plain(key)}={plain(value)}" for key, value in sorted(found.items()))


def _two(first: int, first_unit: str, second: int, second_unit: str) -> str:
    return f"{first} {first_unit}" + (f" {second} {second_unit}" if second else "")


def _in(zone: tzinfo | None, at_ms: int) -> datetime:
    """The moment in a zone; None: where this is."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(zone)


def _named(zone: tzinfo | None) -> str:
    return "" if zone is None else f" {zone}"
