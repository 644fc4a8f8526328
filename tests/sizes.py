"""How much the random and the large tests do: a share every day, all of it on request.

    RESCIND_TEST_FULL=1 make test ARGS="-m sized"

Each share is of the same seeds every day. ``RESCIND_TEST_FROM_SEED`` begins with another one.
"""

import os
from collections.abc import Iterator
from typing import Final

__all__ = ["FULL", "shares_of"]

FULL: Final = os.environ.get("RESCIND_TEST_FULL", "") == "1"
_FROM_SEED: Final = int(os.environ.get("RESCIND_TEST_FROM_SEED", "1"))


def shares_of(count: int, *, each: int) -> Iterator[range]:
    """So many seeds in parts, so that none of them outlives a test's time."""
    end = _FROM_SEED + count
    for first in range(_FROM_SEED, end, each):
        yield range(first, min(first + each, end))
