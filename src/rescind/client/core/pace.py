"""When something is asked again, and for how long.

Every request of the client may be repeated: a read changes nothing, and a cancel has a key, under
which it is done once and answered alike. So what was not answered is asked again, and so is what
was answered "not now"; what was refused is not.
"""

from collections.abc import Callable, Iterator
from typing import Final, Generic, NamedTuple, TypeVar

from rescind.client.core.calls import Call, Doing, NoReply, Reply
from rescind.client.core.replies import raise_for, retry_after_seconds

__all__ = ["Operation", "Pace", "ask", "pause_before_next"]

T = TypeVar("T")

_FIRST_SECONDS: Final = 0.1
_LONGEST_SECONDS: Final = 5.0

# Too many requests, and what a proxy or the server says when something behind it is away.
_NOT_NOW: Final = frozenset({429, 502, 503, 504})


class Operation(NamedTuple, Generic[T]):
    """A call, and how its reply is read; reading raises what the server says is wrong."""

    call: Call
    read: Callable[[Call, Reply], T]


class Pace(NamedTuple):
    """How long is tried again, by which clock, and with which chance between 0 and 1."""

    retry_seconds: float
    away_seconds: float
    clock: Callable[[], float]
    chance: Callable[[], float]

    def pauses(self) -> Iterator[float]:
        """Twice as long each time, and spread: those who lost one server return one by one."""
        longest = _FIRST_SECONDS
        while True:
            yield longest * (0.5 + self.chance() / 2)
            longest = min(2 * longest, _LONGEST_SECONDS)


def pause_before_next(reply: Reply | NoReply, pause: float) -> float | None:
    """How long to wait before the same is asked again; None: it would be answered alike."""
    if isinstance(reply, NoReply):
        return pause
    if reply.status not in _NOT_NOW:
        return None
    return max(pause, retry_after_seconds(reply) or 0.0)


def ask(wanted: Operation[T], pace: Pace, *, retry_seconds: float | None = None) -> Doing[T]:
    """Ask until it is answered, or the time for it is over.

    Raises what the last reply means.
    """
    seconds = pace.retry_seconds if retry_seconds is None else retry_seconds
    end = pace.clock() + seconds
    call = wanted.call
    pauses = pace.pauses()
    while True:
        reply = yield call
        pause = pause_before_next(reply, next(pauses))
        if pause is None or pace.clock() + pause > end:
            break
        call = call._replace(after_seconds=pause)
    if isinstance(reply, NoReply):
        raise_for(call, reply)
    return wanted.read(call, reply)
