"""From the bytes of a record to a request, or to the reason why it is none.

Anybody may write to the lanes, so every byte here is a stranger's. Nothing raises, and nothing
takes long: what cannot be read is an `Unreadable` with the path of its first error, and becomes
a refusal. Who may ask what is not judged here.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Annotated, Final, cast

import orjson
from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from rescind.events.requests.agreement import disagreement
from rescind.events.requests.bulk import (
    BulkCount,
    BulkCreate,
    BulkForget,
    BulkPause,
    BulkProgress,
    BulkResume,
    BulkStart,
    BulkStop,
)
from rescind.events.requests.cancellation import (
    CancellationAcknowledge,
    ExecutorReport,
    InfrastructureReport,
)
from rescind.events.requests.flow import FlowCancel, FlowFinish, FlowRegister, FlowStart
from rescind.events.requests.nesting import NESTING_MAX, nests_too_deep
from rescind.events.requests.runner import RunnerLeave, RunnerRegister
from rescind.events.requests.service import (
    CancellationClock,
    ChildFinished,
    RequestDenied,
    RunnerForget,
    RunnerLost,
)
from rescind.events.requests.sizes import headers_bytes
from rescind.events.requests.task import (
    TaskCancel,
    TaskCleanup,
    TaskFinish,
    TaskRegister,
    TaskStart,
    TaskStopping,
)
from rescind.events.requests.wording import path_of, sentence_of
from rescind.events.words import ChosenId, StreamKind

__all__ = [
    "RECORD_BYTES_MAX",
    "REQUEST_ID_HEADER",
    "AnyRequest",
    "Unreadable",
    "read_request",
    "request_adapter",
    "write_request",
]

RECORD_BYTES_MAX: Final = 1_048_576
"""Of the value and the headers together."""
REQUEST_ID_HEADER: Final = "rescind-request-id"
"""The id of a forwarded request that named none: the position where it first lay."""

AnyRequest = Annotated[
    FlowRegister
    | FlowStart
    | FlowFinish
    | FlowCancel
    | TaskRegister
    | TaskStart
    | TaskFinish
    | TaskStopping
    | TaskCleanup
    | TaskCancel
    | CancellationAcknowledge
    | ExecutorReport
    | InfrastructureReport
    | RunnerRegister
    | RunnerLeave
    | RunnerLost
    | RunnerForget
    | CancellationClock
    | ChildFinished
    | BulkCreate
    | BulkStart
    | BulkPause
    | BulkResume
    | BulkStop
    | BulkCount
    | BulkProgress
    | BulkForget
    | RequestDenied,
    Field(discriminator="type"),
]

request_adapter: TypeAdapter[AnyRequest] = TypeAdapter(AnyRequest)
_KINDS: Final = {"runner": StreamKind.RUNNER, "bulk": StreamKind.BULK}
_id_adapter: TypeAdapter[str] = TypeAdapter(ChosenId)
# What `TypeAdapter.validate_json` asks in the end, after 0.5 µs of looking at its arguments.
_validate_json: Final = cast(
    "Callable[[bytes], AnyRequest]", request_adapter.validator.validate_json
)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a record is no request.

    Attributes:
        path: where the first error is, as ``items.3.attempt``; empty for the whole record.
        message: what was expected and what was there.
        stream_id: the flow run, runner or bulk cancellation that it names, when that much could
            be read and is an id that a stream may have.
        request_id: its own id, when that much could be read.
        stream_kind: which of these `stream_id` names.
        request_type: its type, when that much could be read; perhaps none that there is.

    """

    path: str
    message: str
    stream_id: str | None = None
    request_id: str | None = None
    stream_kind: StreamKind | None = None
    request_type: str | None = None


def read_request(
    value: bytes | None, headers: Collection[tuple[str, bytes | None]] = ()
) -> AnyRequest | Unreadable:
    """The request in a record's value, or why there is none. Never raises.

    The value suffices. Headers of a CloudEvent that are there have to agree with it.
    """
    if value is None:
        return Unreadable("", "expected a JSON object, but the record has no value")
    size = len(value)
    if headers:
        # Whoever sends it on replaces its id's header, and it must be as readable as before.
        size += headers_bytes(each for each in headers if each[0] != REQUEST_ID_HEADER)
    if size > RECORD_BYTES_MAX:
        with_headers = " with its headers" if headers else ""
        found = f"but the record has {size}{with_headers}"
        return Unreadable("", f"expected at most {RECORD_BYTES_MAX} bytes, {found}")
    if nests_too_deep(value):
        return Unreadable("", f"expected at most {NESTING_MAX} levels of nesting, but got more")
    try:
        request = _validate_json(value)
    except ValidationError as error:
        return _why(value, error)
    for name, content in headers:
        objection = disagreement(request, name, content)
        if objection is not None:
            return _unreadable(value, f"headers.{name}", objection)
    return request


def write_request(request: AnyRequest) -> bytes:
    """The value of a record that asks this. Fields that say nothing are left out."""
    return orjson.dumps(request_adapter.dump_python(request, mode="json", exclude_none=True))


def _why(value: bytes, error: ValidationError) -> Unreadable:
    first = error.errors(include_url=False)[0]
    return _unreadable(value, path_of(first), sentence_of(first))


def _unreadable(value: bytes, path: str, message: str) -> Unreadable:
    """With whatever names can be read, so that whoever asked can be told."""
    try:
        parsed: object = from_json(value)
    except ValueError:
        parsed = None
    body = cast(dict[str, object], parsed) if isinstance(parsed, dict) else {}
    request_type = _short_text(body.get("type"))
    # A request about a flow run may name a runner, or a bulk cancellation, too.
    family = (request_type or "").partition(".")[0]
    kind = _KINDS.get(family, StreamKind.FLOW)
    stream_id = _stream_id(body.get(kind))
    return Unreadable(
        path=path,
        message=message,
        stream_id=stream_id,
        request_id=_short_text(body.get("request_id")),
        stream_kind=None if stream_id is None else kind,
        request_type=request_type,
    )


def _stream_id(value: object) -> str | None:
    # Not any text: this will be a record's key, and some keys are ours.
    try:
        return _id_adapter.validate_python(value, strict=True)
    except ValidationError:
        return None


def _short_text(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= 512 else None
