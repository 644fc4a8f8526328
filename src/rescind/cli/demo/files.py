"""Files to work on: made from a seed, the same every time, or found in somebody's folder.

Nothing is ever written to a folder that was named: what the flow makes goes to a place of its own.
"""

import random
from pathlib import Path
from typing import Final

from rescind.errors import FilesError

__all__ = ["count_files", "make_files"]

_SEED: Final = 20_261_122
_COUNT: Final = 40
_BYTES_EACH: Final = 512 * 1024


def make_files(folder: Path) -> Path:
    """Make a tree of 40 files of 512 KiB, half of which compress well; returns it."""
    chance = random.Random(_SEED)
    for number in range(_COUNT):
        if number % 2:
            content = chance.randbytes(_BYTES_EACH)
        else:
            line = f"{number:04d} {chance.getrandbits(64):016x} the quick brown fox\n".encode()
            content = (line * (_BYTES_EACH // len(line) + 1))[:_BYTES_EACH]
        path = folder / f"shelf-{number // 10}" / f"part-{number:04d}.dat"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def count_files(folder: Path) -> int:
    """How many files there are below a folder.

    Raises `FilesError` if there is no such folder, or not one file to compress.
    """
    if not folder.is_dir():
        raise FilesError(str(folder), "there is no such folder")
    count = sum(path.is_file() for path in folder.rglob("*"))
    if not count:
        raise FilesError(str(folder), "there is no file in it")
    return count
