"""How an attempt ended, told from what its call or command came to and what was done to it.

The order of the questions is the rule: a value that was produced is kept whatever was asked for
(the work won the race); an error that came from our interrupt is a cancellation; after SIGTERM or
SIGKILL an end without a value is a cancellation too, whatever the error looks like, since a
subprocess that we ended under user code makes any error there; else an error is a failure.
"""

import signal
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, cast

from rescind.cancelled import Cancelled
from rescind.runners.executors.base import AttemptKey, How, Json, Rung, WorkEnd, WorkError

__all__ = [
    "came_from_interrupt",
    "describe",
    "end_of_death",
    "end_of_error",
    "end_of_exit",
    "end_of_value",
    "never_started",
    "signal_name",
]

_TRACEBACK_CHARACTERS_MAX: Final = 16_000
_MESSAGE_CHARACTERS_MAX: Final = 4_000
_OUR_FOLDER: Final = str(Path(__file__).parents[1])
_FORCING: Final = frozenset({Rung.TERMINATE, Rung.KILL})


def never_started(key: AttemptKey) -> WorkEnd:
    """The end of what was cancelled before it began."""
    return WorkEnd(key, "cancelled", how="never_started")


def end_of_exit(key: AttemptKey, evidence: Mapping[str, Json]) -> WorkEnd:
    """The end of what only the exit of this process can stop: told before it, seen by nobody."""
    return WorkEnd(key, "cancelled", how="forced", stopped_confirmed=False, evidence=evidence)


def end_of_value(key: AttemptKey, value: object, evidence: Mapping[str, Json]) -> WorkEnd:
    return WorkEnd(key, "success", value=value, evidence=evidence)


def end_of_error(
    key: AttemptKey,
    error: WorkError,
    *,
    interrupted: bool,
    taken: frozenset[Rung],
    evidence: Mapping[str, Json],
) -> WorkEnd:
    """The end of user code that raised; `interrupted` says `came_from_interrupt` of its error."""
    if interrupted:
        how: How = "graceful" if taken else "by_runner"
        return WorkEnd(key, "cancelled", error=error, how=how, evidence=evidence)
    if taken & _FORCING:
        return WorkEnd(key, "cancelled", error=error, how="forced", evidence=evidence)
    return WorkEnd(key, "failed", error=error, evidence=evidence)


def end_of_death(
    key: AttemptKey, error: WorkError, *, taken: frozenset[Rung], evidence: Mapping[str, Json]
) -> WorkEnd:
    """The end of a worker process that is gone and left no answer."""
    if taken & _FORCING:
        return WorkEnd(key, "cancelled", error=error, how="forced", evidence=evidence)
    return WorkEnd(key, "crashed", error=error, evidence=evidence)


def came_from_interrupt(error: BaseException, *also: type[BaseException]) -> bool:
    """Whether a `Cancelled` (or one of `also`) led to it: clean-up that fails after an interrupt is
    no failure.
    """
    return any(isinstance(link, (Cancelled, *also)) for link in _chain(error))


def describe(error: BaseException) -> WorkError:
    """The error in words, without the frames of this package at its beginning."""
    stack: TracebackType | None = error.__traceback__
    while stack is not None and stack.tb_frame.f_code.co_filename.startswith(_OUR_FOLDER):
        stack = stack.tb_next
    story = traceback.TracebackException(type(error), error, stack)
    # An interrupt is raised in our handler, below user code: that is not where it happened.
    story.stack = traceback.StackSummary.from_list(
        [frame for frame in story.stack if not frame.filename.startswith(_OUR_FOLDER)]
    )
    return WorkError(
        type=_name(type(error)),
        message=_message(error)[:_MESSAGE_CHARACTERS_MAX],
        traceback="".join(story.format())[-_TRACEBACK_CHARACTERS_MAX:],
        # Without our frames, which hold the region that holds the error.
        exception=error.with_traceback(stack),
    )


def signal_name(number: int) -> str:
    """``SIGKILL`` for 9."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        link = todo.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        todo += (link.__cause__, link.__context__)
        if isinstance(link, BaseExceptionGroup):
            group = cast("BaseExceptionGroup[BaseException]", link)
            todo += group.exceptions


def _name(kind: type[BaseException]) -> str:
    if kind.__module__ in {"builtins", "__main__"}:
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as problem:  # noqa: BLE001 - user code's __str__ may do anything.
        return f"(its own text could not be had: {type(problem).__name__})"
