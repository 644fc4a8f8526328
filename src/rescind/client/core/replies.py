"""What a reply says: an answer, a problem that the server tells, or nothing of Rescind's."""

from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final, NoReturn, TypeVar, cast

import orjson
from pydantic import TypeAdapter, ValidationError

from rescind.client.core.calls import Call, NoReply, Reply
from rescind.errors import (
    BulkNotFoundError,
    CancelRefusedError,
    ConfirmationNeededError,
    InvalidRequestError,
    KeyUsedError,
    LetterNotFoundError,
    NoCancellationError,
    NotAllowedError,
    NotKnownError,
    NotNowError,
    ProblemError,
    RunFinishedError,
    RunNotFoundError,
    ServerBugError,
    ServerUnavailableError,
    UnexpectedAnswerError,
)

__all__ = ["KINDS", "raise_for", "reader", "retry_after_seconds"]

T = TypeVar("T")

_URN: Final = "urn:rescind:problem:"

KINDS: Final[Mapping[str, type[ProblemError]]] = {
    "invalid-request": InvalidRequestError,
    "unreadable-body": InvalidRequestError,
    "too-large": InvalidRequestError,
    "unknown-cursor": InvalidRequestError,
    "unknown-position": InvalidRequestError,
    "unknown-run": RunNotFoundError,
    "unknown-bulk": BulkNotFoundError,
    "unknown-letter": LetterNotFoundError,
    "no-cancellation": NoCancellationError,
    "finished": RunFinishedError,
    "refused": CancelRefusedError,
    "confirmation-needed": ConfirmationNeededError,
    "unauthenticated": NotKnownError,
    "not-allowed": NotAllowedError,
    "key-used-otherwise": KeyUsedError,
    "kafka-away": NotNowError,
    "read-model-away": NotNowError,
    "not-ready": NotNowError,
    "too-many": NotNowError,
    "bug": ServerBugError,
}
"""The last part of a problem's type, and the error that it is."""

# Of kinds that a newer server may have: what their status says is enough to react to.
_BY_STATUS: Final[Mapping[int, type[ProblemError]]] = {
    400: InvalidRequestError,
    401: NotKnownError,
    403: NotAllowedError,
    422: InvalidRequestError,
    429: NotNowError,
    503: NotNowError,
}


def reader(shape: Any) -> Callable[[Call, Reply], Any]:
    """Reads a reply as such an answer.

    It raises a `ProblemError` if the server says what is wrong, and `UnexpectedAnswerError` if
    the reply is none of Rescind.
    """
    known: TypeAdapter[Any] = TypeAdapter(shape)

    def read(call: Call, reply: Reply) -> Any:
        if not 200 <= reply.status < 300:
            raise_for(call, reply)
        try:
            return known.validate_json(reply.body)
        except ValidationError as error:
            raise UnexpectedAnswerError(
                str(call), reply.where, reply.status, _what_is_wrong(reply, error)
            ) from None

    return read


def raise_for(call: Call, reply: Reply | NoReply) -> NoReturn:
    """Raise what a reply without an answer means."""
    if isinstance(reply, NoReply):
        raise ServerUnavailableError(str(call), reply.where, reply.why)
    problem = _problem_in(reply)
    if problem is None:
        raise UnexpectedAnswerError(str(call), reply.where, reply.status, _excerpt(reply))
    kind = str(problem.get("type", "")).removeprefix(_URN)
    error = KINDS.get(kind) or _BY_STATUS.get(reply.status, ProblemError)
    raise error(str(call), reply.status, problem, retry_after_seconds(reply))


def retry_after_seconds(reply: Reply) -> float | None:
    """When to ask again, if it says so in seconds, or as a time together with its own."""
    said = reply.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return float(said[:9])
    try:
        until = parsedate_to_datetime(said)
        now = parsedate_to_datetime(reply.headers.get("date", ""))
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError):
        # No such times, or one with an offset and one without.
        return None


def _problem_in(reply: Reply) -> Mapping[str, Any] | None:
    if not reply.headers.get("content-type", "").startswith("application/problem+json"):
        return None
    try:
        body: Any = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return None
    return cast(Mapping[str, Any], body) if isinstance(body, dict) else None


def _what_is_wrong(reply: Reply, error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return _excerpt(reply)
    place = ".".join(map(str, first["loc"]))
    return f"something else at {place or 'the top'} ({first['msg']})"


def _excerpt(reply: Reply) -> str:
    if 300 <= reply.status < 400:
        return f"points to {reply.headers.get('location', 'nowhere')!r}"
    kind = reply.headers.get("content-type", "no content type")
    text = reply.body[:120].decode(errors="replace")
    return f"said {text!r} ({kind})" if text else f"said nothing ({kind})"
