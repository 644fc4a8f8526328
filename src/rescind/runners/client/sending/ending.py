"""The end of a flow run, said until the service has taken it.

It is the one report whose fate its runner has to know: refused ``open_work`` it is said again,
later and later, since other task runs of the flow run may be somebody else's; and a runner that
leaves before it was taken loses the flow run. An end without an answer is not said again, or it
would be kept as a late report: it is looked whether the flow run is over.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from rescind.events import intents as wire
from rescind.events.refusals import Code
from rescind.runners.client.hearing.waiting import Told, Waiting
from rescind.runners.client.sending.outbox import Placed

__all__ = ["say_until_taken"]

_LOOK_SECONDS: Final = 0.1
_OPEN_WORK_SECONDS: Final = 0.1
_SECONDS_MAX: Final = 30.0

_log = structlog.get_logger(__name__)


async def say_until_taken(
    say: Callable[[], Placed],
    waiting: Waiting,
    is_kept: Callable[[], bool],
    is_over: Callable[[], Awaitable[bool]],
) -> wire.Refusal | None:
    """Say it until it is taken or refused for good; the refusal, or None.

    `is_kept`: whether it is kept as evidence and has no answer, as in a cancelling flow run.
    `is_over`: whether the flow run has ended; asked when no answer comes.
    """
    open_work_seconds = _OPEN_WORK_SECONDS
    while True:
        told = await _say_once(say, waiting, is_kept, is_over)
        if told is None or told.code is Code.DUPLICATE:
            return None
        if told.code is not Code.OPEN_WORK:
            return told
        if open_work_seconds == _OPEN_WORK_SECONDS:
            _log.info(
                "task runs are open; the end is said again",
                why=told.message,
                flow_run_id=told.flow_run_id,
            )
        await asyncio.sleep(open_work_seconds)
        open_work_seconds = min(2 * open_work_seconds, _SECONDS_MAX)


async def _say_once(
    say: Callable[[], Placed],
    waiting: Waiting,
    is_kept: Callable[[], bool],
    is_over: Callable[[], Awaitable[bool]],
) -> wire.Refusal | None:
    placed = say()
    answer = waiting.expect(placed, again=False)
    try:
        await asyncio.shield(placed.sent)
        look_seconds = _LOOK_SECONDS
        while not answer.done():
            if is_kept():
                return None
            if not await _came(answer, look_seconds) and await is_over():
                # Its refusal may have come while we looked.
                return _refusal(answer) if answer.done() else None
            look_seconds = min(2 * look_seconds, _SECONDS_MAX)
        return _refusal(answer)
    finally:
        waiting.forget(placed)


async def _came(answer: "asyncio.Future[Told]", seconds: float) -> bool:
    done, _ = await asyncio.wait([answer], timeout=seconds)
    return bool(done)


def _refusal(answer: "asyncio.Future[Told]") -> wire.Refusal | None:
    told = answer.result()
    return told if isinstance(told, wire.Refusal) else None
