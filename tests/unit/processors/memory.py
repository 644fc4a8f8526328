"""All that an object remembers, as bytes: to see that something is not, or no more, among it."""

from typing import Any

import orjson

__all__ = ["memory_of"]


def memory_of(thing: object) -> bytes:
    """Everything that hangs on it, in no form that means anything else."""
    return orjson.dumps(vars(thing), default=_inside, option=orjson.OPT_NON_STR_KEYS)


def _inside(thing: Any) -> object:
    that: object = thing
    if "__dict__" in dir(that):
        return vars(that)
    members: list[object] = list(thing)
    return members
