"""The states that a list can be narrowed to."""

from typing import Final, NamedTuple

__all__ = ["STATE_TABS", "Tab"]

STATE_TABS: Final = (
    ("", "All", ""),
    ("Pending", "Pending", "pending"),
    ("Running", "Running", "running"),
    ("Running.Cancelling", "Cancelling", "cancelling"),
    ("Finished.Success", "Success", "success"),
    ("Finished.Failed", "Failed", "failed"),
    ("Finished.Cancelled", "Cancelled", "cancelled"),
)
"""States that can be chosen, each with all that lies in it; the words and the looks."""


class Tab(NamedTuple):
    """A choice of state: where it leads, and how many of those that fit otherwise it has."""

    word: str
    look: str
    href: str
    number: int
    is_chosen: bool
