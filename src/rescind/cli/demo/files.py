"""Files to work on: the same every time, since they come from a seed."""

import random
from pathlib import Path

__all__ = ["make_files"]

SEED = 20_261_122
COUNT = 40
BYTES_EACH = 512 * 1024


def make_files(folder: Path) -> Path:
    """Fill a folder with 40 files of 512 KiB, half of which compress well; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(SEED)
    for number in range(COUNT):
        if number % 2:
            content = chance.randbytes(BYTES_EACH)
        else:
            line = f"{number:04d} {chance.getrandbits(64):016x} the quick brown fox\n".encode()
            content = (line * (BYTES_EACH // len(line) + 1))[:BYTES_EACH]
        (folder / f"part-{number:04d}.dat").write_bytes(content)
    return folder
