"""What a call came to, on its way back from another process.

::

    there   answer_of_value, answer_of_error ──► Frame
    here    end_of_answer                    ──► WorkEnd

Values and errors travel pickled by `cloudpickle`; of an error its words go beside it, and are
enough where it cannot be read.
"""

from collections.abc import Mapping

import cloudpickle

from rescind.errors import ArgumentsNotSentError, ResultNotSentError
from rescind.runners.executors.base import AttemptKey, Call, Json, Rung, WorkEnd, WorkError
from rescind.runners.executors.ends import (
    came_from_interrupt,
    describe,
    end_of_error,
    end_of_value,
)
from rescind.runners.executors.supervision.frames import Frame

__all__ = ["answer_of_error", "answer_of_value", "end_of_answer", "pack_call"]


def pack_call(name: str, call: Call) -> bytes:
    """The call as it is now: later changes of its arguments do not reach it.

    Raises:
        ArgumentsNotSentError: it or its arguments cannot be pickled.

    """
    function = call.function if call.sent_as is None else call.sent_as
    try:
        return cloudpickle.dumps((function, call.args, dict(call.kwargs)))
    except Exception as error:
        # Pickling runs code of the arguments' classes.
        raise ArgumentsNotSentError(name, f"{type(error).__name__}: {error}") from error


def answer_of_value(value: object) -> Frame:
    try:
        return Frame({"outcome": "value"}, cloudpickle.dumps(value))
    except Exception as error:  # noqa: BLE001 - pickling runs user code.
        kind = type(value).__qualname__
        return answer_of_error(ResultNotSentError(kind, f"{type(error).__name__}: {error}"))


def answer_of_error(error: BaseException) -> Frame:
    words = describe(error)
    try:
        body = cloudpickle.dumps(error)
    except Exception:  # noqa: BLE001 - the words are enough.
        body = b""
    head = {
        "outcome": "error",
        "error": {"type": words.type, "message": words.message, "traceback": words.traceback},
        "interrupted": came_from_interrupt(error),
    }
    return Frame(head, body)


def end_of_answer(
    key: AttemptKey, answer: Frame, *, taken: frozenset[Rung], evidence: Mapping[str, Json]
) -> WorkEnd:
    """How the attempt ended; a frame that has no value has an error."""
    if answer.head["outcome"] == "value":
        return _end_of_value(key, answer.body, evidence)
    return end_of_error(
        key,
        WorkError(**answer.head["error"], exception=_exception(answer.body)),
        interrupted=bool(answer.head.get("interrupted")),
        taken=taken,
        evidence=evidence,
    )


def _end_of_value(key: AttemptKey, body: bytes, evidence: Mapping[str, Json]) -> WorkEnd:
    try:
        value = cloudpickle.loads(body)
    except Exception as error:  # noqa: BLE001 - unpickling runs user code.
        return WorkEnd(key, "failed", error=describe(error), evidence=evidence)
    return end_of_value(key, value, evidence)


def _exception(body: bytes) -> BaseException | None:
    if not body:
        return None
    try:
        error = cloudpickle.loads(body)
    except Exception:  # noqa: BLE001 - the words are enough.
        return None
    return error if isinstance(error, BaseException) else None
