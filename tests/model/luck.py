"""Chance as the model uses it: an argument, so that a seed repeats it."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

__all__ = ["often", "pick"]

_Choice = TypeVar("_Choice")


def often(chance: Random) -> bool:
    """Nearly always."""
    return chance.random() < 0.85


def pick(chance: Random, choices: Sequence[_Choice]) -> _Choice:
    """One of these."""
    return choices[chance.randrange(len(choices))]
