"""What a task of ECS learns about itself: its ARN, where ECS says to its containers to ask.

Of the handle in its environment, which is made before there is a task, that is what is missing.
Asked in the task itself, where no client of AWS need be installed, and no right is needed.
"""

import os
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, Field

from rescind.errors import NotMatchingError
from rescind.events.words import Handle
from rescind.runners.infrastructure.ecs.identity import meant

__all__ = ["METADATA_VARIABLE", "with_own_task"]

METADATA_VARIABLE: Final = "ECS_CONTAINER_METADATA_URI_V4"
# It is on the same host, and the flow waits for it.
_ANSWER_SECONDS_MAX: Final = 2.0
_BYTES_MAX: Final = 2**20


def with_own_task(handle: Handle) -> Handle:
    """With the ARN of the task that asks; as it was, if that cannot be known or does not fit.

    Without it the task is found by its mark, in lists.
    """
    arn = _own_arn()
    if arn is None:
        return handle
    known = handle.model_copy(update={"identity": {**handle.identity, "task": arn}})
    try:
        meant(known, handle.scope)
    except NotMatchingError:
        return handle
    return known


class _Task(BaseModel):
    """What is said of it; the rest is not read."""

    arn: str = Field(alias="TaskARN")


def _own_arn() -> str | None:
    try:
        return _Task.model_validate_json(_answer(os.environ.get(METADATA_VARIABLE, ""))).arn
    # A ValueError is what there is of an address that is none, and of what says no ARN.
    except (OSError, HTTPException, ValueError):
        return None


def _answer(address: str) -> bytes:
    """Raises `OSError`, `HTTPException` or `ValueError`: there is none."""
    where = urlsplit(address)
    if where.scheme != "http" or where.hostname is None:
        raise ValueError(address)
    # Not by a client that would ask a proxy which the environment names.
    asking = HTTPConnection(where.hostname, where.port, timeout=_ANSWER_SECONDS_MAX)
    with closing(asking):
        asking.request("GET", f"{where.path}/task")
        answer = asking.getresponse()
        if answer.status != 200:
            raise ValueError(answer.status)
        return answer.read(_BYTES_MAX)
