"""Records as strangers write them: JSON, with what a test wants to be different in it."""

import json
from typing import Any

from rescind.events.requests import AnyRequest, Unreadable, read_request

__all__ = ["CANCEL", "FINISH", "accepted", "record", "unreadable"]

CANCEL: dict[str, Any] = {"type": "flow.cancel", "flow_run_id": "nightly-7"}
FINISH: dict[str, Any] = {
    "type": "task.finish",
    "flow_run_id": "nightly-7",
    "runner_id": "r1",
    "items": [{"task_run_id": "load-7", "end": "success"}],
}


def record(body: object) -> bytes:
    """The value of a record with this body; bytes are taken as they are."""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def accepted(body: object, **headers: bytes) -> AnyRequest:
    """Read what has to be readable."""
    request = read_request(record(body), headers.items())
    assert not isinstance(request, Unreadable), request
    return request


def unreadable(body: object) -> Unreadable:
    """Read what must not be readable."""
    request = read_request(record(body))
    assert isinstance(request, Unreadable), request
    return request
