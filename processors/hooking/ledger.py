"""`Ledger`: up to where a hook has been told of a partition, and what before that it has not.

What one flow run's event waits for must not hold up the others, so the end of what was read runs
ahead of what was not taken. Kafka keeps both for a group: the offset that is committed is that of
the first record with something open, and the text beside it lists what is open from there on up
to the end of what was read. So after a restart only that is told again.

Alarms that are not due yet are not listed: every running cancellation has one, and the text has a
bound. Their records are read again, and the text says up to when whoever was stuck was told of.
What does not fit is told a second time, which whoever dedupes does not see.
"""

import heapq
from bisect import bisect_left
from collections.abc import Iterable
from typing import Final, NamedTuple

from rescind.processors.hooking.lowest import Lowest

__all__ = ["Item", "Ledger", "Saved", "begun_at"]

_VERSION: Final = "2"
# Kafka takes 4,096 bytes by default (`offset.metadata.max.bytes`).
_TEXT_CHARACTERS_MAX: Final = 3_000
# The shortest word has two letters and a space, so more never fit.
_WORDS_MAX: Final = _TEXT_CHARACTERS_MAX // 3 + 1


class Item(NamedTuple):
    """Something to be told: the record from which it follows, and a letter that says what."""

    offset: int
    mark: str


class Saved(NamedTuple):
    """What Kafka keeps of it."""

    offset: int
    text: str = ""


class _Known(NamedTuple):
    """What a text says.

    Attributes:
        up_to: of what lies before this it says what is open: only `items`, and alarms.
        struck_ms: up to then whoever was stuck was told of.

    """

    up_to: int
    struck_ms: int = 0
    items: frozenset[Item] = frozenset()


class Ledger:
    """What is open of one partition for one hook, begun at what was saved."""

    def __init__(self, saved: Saved) -> None:
        self.first = saved.offset
        """The first record that is to be read."""
        self._next = saved.offset
        self._known = _read(saved)
        self._known_sorted = sorted(self._known.items)
        self._struck_ms = self._known.struck_ms
        self._open = Lowest[Item]()
        self._waiting = Lowest[Item]()
        self._saved: Saved | None = None

    def is_due(self, item: Item) -> bool:
        """Whether it has to be told, as far as was known when this began."""
        return item.offset >= self._known.up_to or item in self._known.items

    def is_alarm_due(self, item: Item, at_ms: int, by: int | None = None) -> bool:
        """The same of who is stuck since then, seen when it was due or by a later record."""
        if item in self._known.items:
            return True
        is_new = item.offset >= self._known.up_to
        if by is None:
            return is_new or at_ms >= self._known.struck_ms
        return by >= self._known.up_to and (is_new or at_ms >= self._known.struck_ms)

    def begin(self, item: Item) -> None:
        """It is to be told, and is open until it `end`s."""
        self._waiting.drop(item)
        self._open.put(item, item.offset)
        self._saved = None

    def wait(self, item: Item, at_ms: int, by: int) -> None:
        """It is an alarm that may be due then, as a record says; it may still `begin` or `end`."""
        # Else the text would say of one that came too late that it was told of.
        is_late = by >= self._known.up_to and at_ms < self._struck_ms
        if is_late or item in self._known.items:
            self.begin(item)
        self._waiting.put(item, item.offset)
        self._saved = None

    def end(self, item: Item) -> None:
        """It was told, or is none of the hook's business after all."""
        was_waiting, was_open = self._waiting.drop(item), self._open.drop(item)
        if was_waiting or was_open:
            self._saved = None

    def read_up_to(self, offset: int) -> None:
        """All records before this one were looked at."""
        if offset > self._next:
            self._next = offset
            self._saved = None

    def strike(self, now_ms: int) -> None:
        """Whoever is stuck by now has begun to be told of."""
        self._struck_ms = max(self._struck_ms, now_ms)
        self._saved = None

    def first_open(self) -> int:
        """The first record that has to be read again after a restart."""
        firsts = (self._open.first(), self._waiting.first())
        return min([self._next, *(first[0] for first in firsts if first is not None)])

    def saved(self) -> Saved:
        """What Kafka is to keep."""
        if self._saved is None:
            # What was open when this began, and has not been read again yet, is so still.
            unread = self._known_sorted[bisect_left(self._known_sorted, (self._next, "")) :]
            end = max(self._next, self._known.up_to)
            open_now = {*self._open, *unread}
            self._saved = _made(self.first_open(), _Known(end, self._struck_ms), open_now)
        return self._saved


def begun_at(saved: Saved, start: int) -> Saved:
    """The same where records before `start` are not kept any more."""
    known = _read(saved)
    if known.up_to <= start:
        return Saved(start)
    return _made(start, known, [item for item in known.items if item.offset >= start])


def _made(first: int, known: _Known, items: Iterable[Item]) -> Saved:
    if first == known.up_to:
        return Saved(first)
    return Saved(first, _text(first, known, heapq.nsmallest(_WORDS_MAX, items)))


def _text(first: int, known: _Known, items: list[Item]) -> str:
    end, struck_ms = known.up_to, known.struck_ms
    words: list[str] = []
    size = 0
    for item in items:
        word = f"{item.offset - first}{item.mark}"
        size += len(word) + 1
        if size > _TEXT_CHARACTERS_MAX:
            # Known is what lies before this one alone, and who was stuck may follow from later.
            end, struck_ms = item.offset, 0
            words = [each for each in words if first + _number(each) < end]
            break
        words.append(word)
    return " ".join((_VERSION, str(end - first), str(struck_ms), *words))


def _read(saved: Saved) -> _Known:
    version, *words = saved.text.split() or [""]
    # Of another release, or a stranger's: all from there on is told again.
    nothing = _Known(saved.offset)
    if version != _VERSION or len(words) < 2:
        return nothing
    try:
        up_to, struck_ms = saved.offset + int(words[0]), int(words[1])
        return _Known(up_to, struck_ms, frozenset(_items(saved.offset, words[2:])))
    except (ValueError, IndexError):
        return nothing


def _items(first: int, words: Iterable[str]) -> Iterable[Item]:
    return [Item(first + _number(word), word[-1]) for word in words]


def _number(word: str) -> int:
    return int(word[:-1])
