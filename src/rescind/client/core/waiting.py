"""What takes as long as it takes: an answer, and that something is as it is waited for."""

import math
from collections.abc import Callable
from typing import Final, TypeVar

from rescind.client.answers import Alive, BulkAnswer, CancelAnswer, FlowRunWhole, Outcome, Ready
from rescind.client.core.calls import Doing, NoReply
from rescind.client.core.pace import Operation, Pace, ask
from rescind.client.core.replies import raise_for
from rescind.errors import (
    ApiError,
    CallError,
    NotFinishedError,
    NotNowError,
    ProblemError,
    RunNotFoundError,
    ServerUnavailableError,
)

__all__ = ["alive", "answered", "finished", "ready", "until"]

T = TypeVar("T")
Asked = TypeVar("Asked", CancelAnswer, BulkAnswer)

_LOOK_SECONDS: Final = 0.1
_LOOK_SECONDS_MAX: Final = 1.0

# The read model is a moment behind the journal: what has just registered is not known for so long.
_UNKNOWN_SECONDS: Final = 2.0


def answered(wanted: Operation[Asked], pace: Pace, answer_seconds: float) -> Doing[Asked]:
    """Ask, and ask the same again while Kafka has it and nobody has answered: it is done once."""
    end = pace.clock() + answer_seconds
    answer = yield from ask(wanted, pace)
    for pause in pace.pauses():
        if answer.outcome != Outcome.ACCEPTED or pace.clock() + pause > end:
            break
        again = wanted._replace(call=wanted.call._replace(after_seconds=pause))
        answer = yield from ask(again, pace)
    return answer


def finished(
    wanted: Operation[FlowRunWhole], pace: Pace, flow_run_id: str, timeout_seconds: float | None
) -> Doing[FlowRunWhole]:
    """Look until the flow run has ended.

    Raises `NotFinishedError`, `RunNotFoundError`, and `ServerUnavailableError` or `NotNowError` if
    nobody can be asked for long.
    """
    return until(
        wanted,
        pace,
        timeout_seconds,
        lambda flow: flow.is_finished,
        RunNotFoundError,
        lambda seconds, seen: NotFinishedError(
            flow_run_id, seconds, None if seen is None else seen.state
        ),
    )


def until(
    wanted: Operation[T],
    pace: Pace,
    timeout_seconds: float | None,
    is_there: Callable[[T], bool],
    unknown: type[ProblemError],
    late: Callable[[float, T | None], ApiError],
) -> Doing[T]:
    """Look until it is there. ``unknown``: what is raised while nobody knows it yet.

    Raises what `late` makes of what was seen last, `unknown`, and `ServerUnavailableError` or
    `NotNowError` if nobody can be asked for long.
    """
    begun = pace.clock()
    seconds = math.inf if timeout_seconds is None else timeout_seconds
    if not seconds >= 0:
        raise CallError("timeout_seconds", "0 or more, or None", repr(timeout_seconds))
    seen: T | None = None
    pause = 0.0
    while True:
        left = begun + seconds - pace.clock()
        call = wanted.call._replace(after_seconds=min(pause, max(0.0, left)))
        try:
            # A server that is away for a while is no reason to stop waiting.
            seen = yield from ask(
                wanted._replace(call=call), pace, retry_seconds=min(pace.away_seconds, left)
            )
            if is_there(seen):
                return seen
        except unknown:
            if seen is not None or pace.clock() - begun >= _UNKNOWN_SECONDS:
                raise
        except (ServerUnavailableError, NotNowError):
            if left > pace.away_seconds:
                raise
        if pace.clock() - begun >= seconds:
            raise late(seconds, seen)
        pause = min(_LOOK_SECONDS_MAX, 2 * pause or _LOOK_SECONDS)


def alive(wanted: Operation[Alive]) -> Doing[Alive]:
    """Whether it answers, asked once: that nothing does is an answer too."""
    reply = yield wanted.call
    if isinstance(reply, NoReply):
        return Alive(alive=False, why=reply.why)
    return wanted.read(wanted.call, reply)


def ready(wanted: Operation[Ready]) -> Doing[Ready]:
    """Whether it is of use, asked once, and what is wrong if it is not."""
    reply = yield wanted.call
    try:
        if isinstance(reply, NoReply):
            raise_for(wanted.call, reply)
        return wanted.read(wanted.call, reply)
    except ServerUnavailableError as error:
        return Ready(ready=False, why=error.why)
    except NotNowError as error:
        return Ready(ready=False, why=error.detail)
