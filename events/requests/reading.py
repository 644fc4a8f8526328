"""From the bytes of a record to a request, or to the reason why it is none.

Anybody may write to the lanes, so every byte here is a stranger's. Nothing raises: what cannot
be read is an `Unreadable` with the path of its first error, and becomes a refusal.
"""

from dataclasses import dataclass
from typing import Annotated, cast

import orjson
from pydantic import Field, TypeAdapter, ValidationError

from rescind.events.requests.cancellation import (
    CancellationAcknowledge,
    ExecutorReport,
    InfrastructureReport,
)
from rescind.events.requests.flow import FlowCancel, FlowFinish, FlowRegister, FlowStart
from rescind.events.requests.runner import RunnerLeave, RunnerRegister
from rescind.events.requests.service import (
    CancellationClock,
    ChildFinished,
    RequestDenied,
    RunnerLost,
)
from rescind.events.requests.task import (
    TaskCancel,
    TaskCleanup,
    TaskFinish,
    TaskRegister,
    TaskStart,
    TaskStopping,
)

__all__ = [
    "RECORD_BYTES_MAX",
    "AnyRequest",
    "Unreadable",
    "read_request",
    "request_adapter",
    "write_request",
]

RECORD_BYTES_MAX = 1_048_576
NESTING_MAX = 32

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
    | CancellationClock
    | ChildFinished
    | RequestDenied,
    Field(discriminator="type"),
]

request_adapter: TypeAdapter[AnyRequest] = TypeAdapter(AnyRequest)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a record is no request.

    Attributes:
        path: where the first error is, as ``items.3.attempt``; empty for the whole record.
        message: what was expected and what was there.
        stream_id: the flow run or runner that it names, when that much could be read.
        request_id: its own id, when that much could be read.

    """

    path: str
    message: str
    stream_id: str | None = None
    request_id: str | None = None


def read_request(value: bytes | None) -> AnyRequest | Unreadable:
    """The request in a record's value, or why there is none. Never raises."""
    if value is None:
        return Unreadable("", "expected a JSON object, but the record has no value")
    if len(value) > RECORD_BYTES_MAX:
        return Unreadable(
            "", f"expected at most {RECORD_BYTES_MAX} bytes, but the record has {len(value)}"
        )
    if _nesting_may_exceed(value) and _nesting(value) > NESTING_MAX:
        return Unreadable("", f"expected at most {NESTING_MAX} levels of nesting, but got more")
    try:
        return request_adapter.validate_json(value)
    except ValidationError as error:
        return _why(value, error)


def write_request(request: AnyRequest) -> bytes:
    """The value of a record that asks this. Fields that say nothing are left out."""
    return orjson.dumps(request_adapter.dump_python(request, mode="json", exclude_none=True))


def _why(value: bytes, error: ValidationError) -> Unreadable:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    # The discriminated union puts the tag in front of the path; people know it as `type`.
    where = first["loc"][1:] if len(first["loc"]) > 1 else first["loc"]
    stream_id, request_id = _names(value)
    path = ".".join(str(step) for step in where)
    return Unreadable(path, first["msg"], stream_id, request_id)


def _names(value: bytes) -> tuple[str | None, str | None]:
    try:
        parsed = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None, None
    if not isinstance(parsed, dict):
        return None, None
    body = cast(dict[str, object], parsed)
    stream_id = body.get("flow_run_id") or body.get("runner_id")
    request_id = body.get("request_id")
    return (
        stream_id if isinstance(stream_id, str) and 0 < len(stream_id) <= 128 else None,
        request_id if isinstance(request_id, str) and 0 < len(request_id) <= 256 else None,
    )


def _nesting_may_exceed(value: bytes) -> bool:
    # Two counts in C decide for nearly every record; only a suspicious one is walked.
    return value.count(b"{") + value.count(b"[") > NESTING_MAX


def _nesting(value: bytes) -> int:
    depth = deepest = 0
    in_string = escaped = False
    for byte in value:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in (0x7B, 0x5B):
            depth += 1
            deepest = max(deepest, depth)
            if deepest > NESTING_MAX:
                return deepest
        elif byte in (0x7D, 0x5D):
            depth -= 1
    return deepest
