"""What is said of a run in the tests of what is kept: each field has something in it."""

from typing import Any, Final

from rescind.events.journal import Entry
from rescind.events.words import ErrorInfo, Evidence
from tests.scenario import Scenario, given
from tests.words import flow, granted, other_runner, registered, runner, with_body

__all__ = ["ERROR", "EVIDENCE", "running", "said_in"]

ERROR: Final = ErrorInfo(type="ValueError", message="no", traceback="line 1")
EVIDENCE: Final[Evidence] = {"pid": 7, "signals": ["SIGINT"]}


def running() -> Scenario:
    return given(runner, other_runner, flow, with_body, registered("t1"), granted("t1"))


def said_in(entry: Entry) -> dict[str, Any]:
    """The fields of its event."""
    return {name: value for name, value in entry.event if name != "type"}
