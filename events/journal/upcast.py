"""From the shapes of events that earlier releases wrote to those of today.

An event class is never edited: a new shape is a new class with the next version in its type,
and a function here that makes the new payload of an old one. Journals are never rewritten, so
such a function stays for ever. No old shape exists yet.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

__all__ = ["UPCASTERS", "Upcaster", "upcast"]

Upcaster = Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]
"""From a payload of the old type to the next type and its payload."""

UPCASTERS: Final[Mapping[str, Upcaster]] = MappingProxyType({})
"""By old type, as ``flow.started.v1``. A step leads to the next version, and steps follow on
each other, so that one that was written is never touched again."""


def upcast(
    event_type: str, data: dict[str, Any], upcasters: Mapping[str, Upcaster]
) -> tuple[str, dict[str, Any]]:
    """The type and payload of today. Those that are of today, or unknown, come back as given."""
    while (step := upcasters.get(event_type)) is not None:
        event_type, data = step(data)
    return event_type, data
