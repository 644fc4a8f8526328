"""What git tracks here: the files that a rule about the project is held over."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Final

import pytest

__all__ = ["ROOMS", "ROOT", "tracked"]

ROOT: Final = Path(__file__).parents[2]
ROOMS: Final = ("events", "statemachine", "processors")


@cache
def tracked() -> tuple[Path, ...]:
    """Every tracked file that is there, links left out."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout: what is tracked cannot be known")
    paths = (ROOT / name for name in listing.stdout.split("\0") if name)
    return tuple(path for path in paths if path.is_file() and not path.is_symlink())
