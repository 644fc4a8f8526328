"""`Ledger`: up to where a hook has been told of a partition, and what before that it has not.

What one flow run's event waits for must not hold up the others, so the end of what was read runs
ahead of what was not taken. Kafka keeps both for a group: the offset that is committed is that of
the first record with something open, and the text beside it lists what is open from there on up
to the end of what was read. So after a restart only that is told again.

The text has a bound. What does not fit is told a second time, which whoever dedupes does not see.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

__all__ = ["Item", "Ledger", "Saved"]

_VERSION: Final = "1"
# Kafka takes 4,096 bytes by default (`offset.metadata.max.bytes`).
_TEXT_CHARACTERS_MAX: Final = 3_000


class Item(NamedTuple):
    """Something to be told: the record from which it follows, and a letter that says what."""

    offset: int
    mark: str


class Saved(NamedTuple):
    """What Kafka keeps of it."""

    offset: int
    text: str = ""


class Ledger:
    """What is open of one partition for one hook, begun at what was saved."""

    def __init__(self, saved: Saved) -> None:
        self.first = saved.offset
        """The first record that is to be read."""
        self._next = saved.offset
        self._open: dict[Item, None] = {}
        self._known_up_to, self._known = _read(saved)

    def is_due(self, item: Item) -> bool:
        """Whether it has to be told, as far as was known when this began."""
        return item.offset >= self._known_up_to or item in self._known

    def begin(self, item: Item) -> None:
        """It is to be told, and is open until it `end`s."""
        self._open[item] = None

    def end(self, item: Item) -> None:
        """It was told, or is none of the hook's business after all."""
        self._open.pop(item, None)

    def read_up_to(self, offset: int) -> None:
        """All records before this one were looked at."""
        self._next = max(self._next, offset)

    def saved(self) -> Saved:
        """What Kafka is to keep."""
        # What was open when this began, and has not been read again yet, is so still.
        unread = (item for item in self._known if item.offset >= self._next)
        items = sorted({*self._open, *unread})
        end = max(self._next, self._known_up_to)
        if not items:
            return Saved(end)
        return Saved(items[0].offset, _text(items, end))


def _text(items: list[Item], end: int) -> str:
    first = items[0].offset
    words: list[str] = []
    size = 0
    for item in items:
        word = f"{item.offset - first}{item.mark}"
        size += len(word) + 1
        if size > _TEXT_CHARACTERS_MAX:
            # Known is what lies before this one alone.
            end = item.offset
            words = [each for each in words if first + _number(each) < end]
            break
        words.append(word)
    return " ".join((_VERSION, str(end - first), *words))


def _read(saved: Saved) -> tuple[int, frozenset[Item]]:
    """Up to where it says what is open, and that."""
    version, *words = saved.text.split() or [""]
    if version != _VERSION or not words:
        return saved.offset, frozenset()
    try:
        return saved.offset + int(words[0]), frozenset(_items(saved.offset, words[1:]))
    except (ValueError, IndexError):
        # Of another release, or a stranger's: all from there on is told again.
        return saved.offset, frozenset()


def _items(first: int, words: Iterable[str]) -> Iterable[Item]:
    return [Item(first + _number(word), word[-1]) for word in words]


def _number(word: str) -> int:
    return int(word[:-1])
