"""What has been typed into a form that cancels: a request as the API takes it, or what is wrong."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from rescind.events.words import Mode
from rescind.server.api.cancels.words import CancelTaskRun
from rescind.server.web.shared.forms import new_key, number_in

__all__ = ["EMPTY", "is_abort_form", "new_fields", "wanted_in"]

EMPTY = {"reason": "", "grace_seconds": "", "mode": "graceful"}

Wanted = TypeVar("Wanted", bound=CancelTaskRun)


def new_fields(mode: Mode) -> dict[str, str]:
    """Of a form that is opened: an abort alone has no field for a grace."""
    fields = {"mode": mode.value, "key": new_key()}
    return fields | {"grace_seconds": ""} if mode is Mode.GRACEFUL else fields


def wanted_in(kind: type[Wanted], fields: Mapping[str, str]) -> Wanted | dict[str, str]:
    """The request; or which field is wrong, and what was expected there."""
    said: dict[str, Any] = {"reason": fields.get("reason", "").strip()}
    if mode := fields.get("mode"):
        said["mode"] = mode
    try:
        said["grace_seconds"] = number_in(fields, "grace_seconds", "seconds, such as 30")
        return kind(**said)
    except ValidationError as error:
        return {
            str(one["loc"][0]): str(one["msg"]).removeprefix("Value error, ")
            for one in error.errors()
        }
    except ValueError as error:
        return {"grace_seconds": str(error)}


def is_abort_form(fields: Mapping[str, str]) -> bool:
    """Whether it is the form of an abort alone, which has no field for a grace.

    Where an abort was chosen in the other form, that one is shown again.
    """
    return fields.get("mode") == Mode.ABORT and "grace_seconds" not in fields
