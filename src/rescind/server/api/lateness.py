"""`Lateness`: how old what the read model shows may be, by what was seen of both ends.

The time of the last entry says too much of a quiet journal: markers of transactions, which come
all the time and are no events, make the end move, and what is behind it by one is not an hour old.
Before an end was reached there is nothing else to go by: a start may be a day behind.
"""

from collections.abc import Mapping

from rescind.server.readmodel.standing import PartitionLag, Standing, lag_of

__all__ = ["Lateness", "shown_until"]


def shown_until(known: Mapping[int, Standing]) -> int | None:
    """The time of the newest entry that is shown, in milliseconds; None before the first.

    For as long as nobody can say where the journal ends: what is shown is of that time at least.
    """
    return max((one.at_ms for one in known.values()), default=0) or None


class Lateness:
    """Looks again and again: once an end that was seen is reached, nothing is older than that."""

    def __init__(self) -> None:
        # The end that is to be reached, and when the one before it was: what is older is shown.
        self._seen: dict[int, tuple[int, int | None]] = {}

    def look(
        self, known: Mapping[int, Standing], ends: Mapping[int, int], now_ms: int
    ) -> dict[int, PartitionLag]:
        """The lag of each partition; the ends were asked for before it was looked what is known."""
        lags: dict[int, PartitionLag] = {}
        for number, lag in lag_of(known, ends, now_ms).items():
            end, at_ms = self._seen.get(number, (ends[number], None))
            seconds = lag.seconds
            if at_ms is not None:
                seconds = min(seconds, max(0.0, (now_ms - at_ms) / 1000))
            if known.get(number, Standing(0, 0, 0)).next_offset >= end:
                end, at_ms = ends[number], now_ms
            self._seen[number] = end, at_ms
            lags[number] = lag._replace(seconds=seconds)
        return lags
