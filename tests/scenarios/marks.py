"""How tasks of the scenarios speak with their test: by files in a folder."""

import time
from pathlib import Path
from typing import Final

__all__ = ["LONG_SECONDS", "wait_for"]

LONG_SECONDS: Final = 120.0


def wait_for(file: Path) -> None:
    until = time.monotonic() + LONG_SECONDS
    while not file.exists() and time.monotonic() < until:
        time.sleep(0.005)
