"""Everything that can be wrong, as whoever asked is told it: a problem of RFC 9457.

The ``type`` says which kind, and is what a program branches on; ``detail`` is for people and says
what to do. What was sent is never repeated: it may be large, or a secret in the wrong place.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from rescind.errors import BrokerError, CursorError, JournalError, ReadModelError
from rescind.events.requests.wording import expected_of

__all__ = [
    "PROBLEM_JSON",
    "Kind",
    "Problem",
    "ProblemError",
    "explain",
    "explain_http",
    "problem_responses",
    "what_is_wrong",
]

PROBLEM_JSON: Final = "application/problem+json"

_log = structlog.get_logger(__name__)

_ERRORS_MAX: Final = 20
_EVERY_PATH: Final = "/api/v1/openapi.json has all of them"
# Beside those of requests from Kafka: what is read of an address is text at first.
_EXPECTED: Final[Mapping[str, str]] = {
    "bool_parsing": "true or false",
    "dict_attributes_type": "an object",
    "extra_forbidden": "only fields that are known here",
    "float_parsing": "a number",
    "int_parsing": "a whole number",
    "missing": "this field, but it is missing",
    "model_attributes_type": "an object",
}
# By the name of the field; what else has a pattern is an id.
_PATTERNS: Final[Mapping[object, str]] = {
    "Idempotency-Key": "1 to 255 visible characters of ASCII",
    "place": "PARTITION:OFFSET, such as 0:17",
}
_RETRY_SECONDS: Final = "2"


class Wrong(BaseModel):
    """One thing that is wrong in a request: where, and what was expected there."""

    where: str
    message: str


class Problem(BaseModel):
    """What went wrong (RFC 9457), with what there is to say beyond it."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[Wrong, ...] | None = None
    """Of a request that is not what it must be: each thing, up to twenty."""
    code: str | None = None
    """Of a refusal by the service: its code."""
    state: str | None = None
    """Of a run that has ended: how; of a bulk cancellation: where it is."""
    count: int | None = None
    """Of a bulk cancellation: how many flow runs it means."""
    remedy: str | None = None


class Kind(Enum):
    """Kinds of problems: the last part of ``type``, the status, and the title."""

    def __init__(self, slug: str, status: int, title: str) -> None:
        self.type = f"urn:rescind:problem:{slug}"
        self.status = status
        self.title = title

    INVALID = ("invalid-request", 422, "The request is not what it must be")
    UNREADABLE = ("unreadable-body", 400, "The body cannot be read")
    TOO_LARGE = ("too-large", 413, "The body is too large")
    CURSOR = ("unknown-cursor", 400, "The cursor is none of this list")
    POSITION = ("unknown-position", 400, "The position is none of the journal")
    UNKNOWN_RUN = ("unknown-run", 404, "No such run is known")
    UNKNOWN_BULK = ("unknown-bulk", 404, "No such bulk cancellation is known")
    UNKNOWN_LETTER = ("unknown-letter", 404, "No such dead letter is known")
    NO_CANCELLATION = ("no-cancellation", 404, "Nobody has asked to cancel it")
    FINISHED = ("finished", 409, "It has ended, and finished is final")
    REFUSED = ("refused", 409, "The service has refused the request")
    CONFIRMATION = ("confirmation-needed", 409, "It means so many that it has to be confirmed")
    UNAUTHENTICATED = ("unauthenticated", 401, "Nobody knows who asks")
    NOT_ALLOWED = ("not-allowed", 403, "Whoever asks may not do this")
    KEY_USED = ("key-used-otherwise", 422, "The idempotency key was used for another request")
    KAFKA_AWAY = ("kafka-away", 503, "Kafka does not take the request")
    READS_AWAY = ("read-model-away", 503, "The read model cannot be asked")
    NOT_READY = ("not-ready", 503, "The server is not ready")
    TOO_MANY = ("too-many", 503, "Too many do this at once")
    BUG = ("bug", 500, "The server has a bug")


class ProblemError(HTTPException):
    """Raised anywhere below an endpoint, it becomes the answer; ``more`` goes beside the detail.

    One of the framework's, or it would take it for a bug where it reads a body.
    """

    def __init__(self, kind: Kind, detail: str, **more: Any) -> None:
        super().__init__(kind.status, detail)
        self.kind = kind
        self.more = more

    def response(self, headers: Mapping[str, str] | None = None) -> Response:
        """The answer that it becomes."""
        kind = self.kind
        return _response(kind.type, kind.status, kind.title, self.detail, headers, self.more)


def explain(app: FastAPI) -> None:
    """Let every error of this app be told as a problem."""
    app.add_exception_handler(ProblemError, _explain_problem)
    app.add_exception_handler(RequestValidationError, _explain_invalid)
    app.add_exception_handler(HTTPException, explain_http)
    app.add_exception_handler(CursorError, _explain_cursor)
    app.add_exception_handler(ReadModelError, _explain_read_model)
    app.add_exception_handler(JournalError, _explain_read_model)
    app.add_exception_handler(BrokerError, _explain_broker)
    app.add_exception_handler(Exception, _explain_bug)


def problem_responses(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """How OpenAPI has these problems, and the one that every endpoint may answer with."""
    titles: dict[int, list[str]] = {}
    for kind in (*kinds, Kind.INVALID):
        titles.setdefault(kind.status, []).append(kind.title)
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": "; ".join(dict.fromkeys(of_status)),
            "content": {PROBLEM_JSON: {"schema": schema}},
        }
        for status, of_status in sorted(titles.items())
    }


def _response(
    type_: str,
    status: int,
    title: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Response:
    problem = Problem(type=type_, title=title, status=status, detail=detail, **(more or {}))
    said = dict(headers or {})
    if status == 503:
        said["Retry-After"] = _RETRY_SECONDS
    if status == 401:
        said["WWW-Authenticate"] = 'Bearer realm="rescind"'
    body = problem.model_dump(mode="json", exclude_none=True)
    return JSONResponse(body, status, said, media_type=PROBLEM_JSON)


async def _explain_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return error.response()


async def _explain_invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = error.errors()
    if any(problem["type"] == "json_invalid" for problem in problems):
        return ProblemError(Kind.UNREADABLE, "expected JSON, but got something else").response()
    wrong = [_wrong(problem) for problem in problems[:_ERRORS_MAX]]
    detail = "; ".join(f"{one.where}: {one.message}" for one in wrong[:3])
    return ProblemError(Kind.INVALID, detail, errors=tuple(wrong)).response()


def _wrong(problem: Mapping[str, Any]) -> Wrong:
    place: Sequence[object] = problem["loc"]
    # A name in it may be the sender's own, as long as they like.
    return Wrong(where=".".join(map(str, place))[:200], message=what_is_wrong(problem)[:500])


def what_is_wrong(problem: Mapping[str, Any]) -> str:
    """What was expected there, in the words of this service where it has some."""
    kind: str = problem["type"]
    expected = _EXPECTED.get(kind) or expected_of(kind, problem.get("ctx", {}))
    if kind == "string_pattern_mismatch":
        expected = _PATTERNS.get(problem["loc"][-1], expected)
    if expected is None:
        return str(problem["msg"]).removeprefix("Value error, ")
    return f"expected {expected}"


async def explain_http(request: Request, error: Exception) -> Response:
    """What the framework itself refuses: no such path, no such method, an unreadable body."""
    assert isinstance(error, HTTPException)
    if error.status_code == 400:
        return ProblemError(Kind.UNREADABLE, str(error.detail)).response()
    detail = error.detail
    if error.status_code == 404:
        detail = f"expected a path that is served, but this one is not; {_EVERY_PATH}"
    elif error.status_code == 405 and error.headers is not None:
        detail = f"expected {error.headers['Allow']}, but got {request.method}; {_EVERY_PATH}"
    return _response("about:blank", error.status_code, error.detail, detail, error.headers)


async def _explain_cursor(_: Request, error: Exception) -> Response:
    assert isinstance(error, CursorError)
    # The error itself repeats the cursor.
    detail = "expected the cursor that the page before ended with; begin without one"
    return ProblemError(Kind.CURSOR, detail).response()


async def _explain_read_model(_: Request, error: Exception) -> Response:
    _log.warning("a read was not answered", error=str(error))
    return ProblemError(Kind.READS_AWAY, str(error)).response()


async def _explain_broker(_: Request, error: Exception) -> Response:
    _log.warning("Kafka did not take a request", error=str(error))
    return ProblemError(Kind.KAFKA_AWAY, str(error)).response()


async def _explain_bug(request: Request, error: Exception) -> Response:
    _log.error("a request was not answered", path=request.url.path, exc_info=error)
    detail = "the server's log says where; the request may have had its effect all the same"
    return ProblemError(Kind.BUG, detail).response()
