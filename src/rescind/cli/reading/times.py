"""Times as a person types them: so long ago, or a day and a time of day."""

import re
from datetime import datetime
from typing import Final

import typer

__all__ = ["typed_time"]

_AGO: Final = re.compile(r"(\d+)\s*(s|min|m|h|d)")
_SECONDS: Final = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400}


def typed_time(text: str | None, option: str, now_ms: int) -> int | None:
    """Milliseconds since 1970; without an offset it is a local time. None: nothing was typed.

    Raises `typer.BadParameter`.
    """
    if text is None:
        return None
    if (ago := _AGO.fullmatch(text.strip())) is not None:
        return now_ms - int(ago[1]) * _SECONDS[ago[2]] * 1000
    try:
        return round(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError):
        expected = "so long ago (90s, 30m, 2h, 3d) or a time (2026-11-27, 2026-11-27T14:00)"
        raise typer.BadParameter(f"expected {option} to be {expected}, but got {text!r}") from None
