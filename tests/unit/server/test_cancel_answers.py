"""The same refusal, told by what the read model has come to know of the run."""

from typing import Any, Final

import orjson
import pytest

from rescind.events.journal import Entry
from rescind.events.words import Mode
from rescind.server.api.cancels.answers import answered
from rescind.server.api.cancels.known import Shown
from rescind.server.api.subjects import Subject
from rescind.statemachine.runs import Armed

FIRST: Final = "stop-0-1-0"
REFUSED: Final[dict[str, Any]] = {
    "type": "request.refused.v1",
    "id": "stop-0-5-0",
    "at": "2026-11-27T12:00:00.000Z",
    "flow_run_id": "nightly",
    "version": 2,
    "data": {"code": "already_cancelling", "message": "expected none, but one is", "first": FIRST},
}
ARMED: Final = Armed("nightly", FIRST, 1, FIRST, "wrong input", Mode.GRACEFUL, 0, 60_000)


@pytest.mark.parametrize(
    "seen, outcome, sentence",
    [
        (Shown(armed=ARMED), "armed", "is known to nobody, and a cancel waits for it already"),
        # The service knows more than has been read here: nothing is said that may be wrong.
        (Shown(), "already_cancelling", "was asked to be cancelled before"),
    ],
)
def test_a_cancel_that_changes_nothing_names_the_first(
    seen: Shown, outcome: str, sentence: str
) -> None:
    told = answered(Entry.from_json(orjson.dumps(REFUSED)), Subject("nightly"), seen)

    assert (told.status, told.answer.outcome) == (202, outcome)
    assert told.answer.message == f"flow run 'nightly' {sentence}"
    assert told.answer.cancellation is not None
    assert told.answer.cancellation.cancellation_id == FIRST
