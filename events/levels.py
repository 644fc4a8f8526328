"""Feature levels: in which shapes a partition's state is written, so that releases can be mixed.

A release reads every level up to `NEWEST`. It writes the one that the partition has, or the
setting ``feature_level`` if that is higher: so a new release begins as the old one wrote, each of
the two can take over from the other, and the new shapes begin when every worker can read them.
A partition's level never falls. What a level brings is written here:

1. the shapes of 0.1, the first release: `traceparent` of a cancellation is among them. No release
   has written any other, so what was built between is none that can be mixed with it.
"""

from typing import Final

__all__ = ["NEWEST", "OLDEST"]

OLDEST: Final = 1
"""What a partition begins with that nobody has told otherwise."""

NEWEST: Final = 1
