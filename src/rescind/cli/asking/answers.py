"""What the answer to a cancel means for whoever asked: in a sentence, and as an exit code.

What was wanted counts, not who asked first: a run that is being cancelled already, or that was
cancelled before, is a success for the second who asks.
"""

from dataclasses import dataclass
from typing import Literal

from rescind.asking import outcomes as asking
from rescind.cli.exits import Exit
from rescind.events.journal import (
    AnyEvent,
    CancellationArmed,
    CancellationEscalated,
    Entry,
    FlowCancelled,
    FlowCancelling,
    RequestRefused,
)
from rescind.events.states import FlowState
from rescind.telling.words import actor, clock, day_and_clock, plain, quoted

__all__ = ["Answer", "Outcome", "answer_of"]

Outcome = asking.Outcome | Literal["unknown", "no_answer", "left_alone"]
"""What was asked of the service comes to, or why nothing was."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one cancel."""

    flow_run_id: str
    outcome: Outcome
    sentence: str
    exit: Exit
    request_id: str | None = None
    code: str | None = None
    first: str | None = None

    def to_dict(self) -> dict[str, object]:
        """As ``--json`` shows it; keys that say nothing are left out."""
        body: dict[str, object] = {
            "flow_run_id": self.flow_run_id,
            "outcome": self.outcome,
            "message": self.sentence,
            "exit_code": int(self.exit),
        }
        optional = {"request_id": self.request_id, "code": self.code, "first": self.first}
        return body | {key: value for key, value in optional.items() if value is not None}


def answer_of(entry: Entry, flow: FlowState | None) -> Answer:
    """Read an answer; ``flow`` is the run's state after it, if it is known."""
    outcome = asking.outcome_of(entry, is_known=flow is not None)
    if isinstance(entry.event, RequestRefused):
        return _refused(entry, entry.event, outcome, flow)
    return Answer(entry.stream_id, outcome, _happened(entry.event), Exit.OK, entry.request_id)


def _happened(event: AnyEvent) -> str:
    match event:
        case FlowCancelling():
            terms = event.terms
            how = f"{terms.mode}, grace {terms.grace_seconds:g} s"
            return f"is being cancelled ({how}, deadline {clock(terms.deadline_at)})"
        case FlowCancelled():
            return "is cancelled: nothing of it was running"
        case CancellationArmed():
            until = day_and_clock(event.until)
            return f"is known to nobody; if it registers before {until} it is cancelled"
        case CancellationEscalated():
            return f"is being aborted now, deadline {clock(event.deadline_at)}"
        case _:
            raise AssertionError(f"{event.type} answers no cancel")


def _refused(
    entry: Entry, refused: RequestRefused, outcome: asking.Outcome, flow: FlowState | None
) -> Answer:
    code = Exit.OK
    match outcome:
        case "armed":
            sentence = f"is known to nobody, and armed already by the request {refused.first}"
        case "already_cancelling":
            sentence = f"is being cancelled already: {_first(refused, flow)}"
        case "already_finished":
            code, sentence = _finished(flow)
        case _:
            code = Exit.REFUSED
            sentence = f"{refused.code.meaning} {plain(refused.message)}. {refused.code.remedy}"
    return Answer(
        entry.stream_id,
        outcome,
        sentence,
        code,
        entry.request_id,
        refused.code.value,
        refused.first,
    )


def _first(refused: RequestRefused, flow: FlowState | None) -> str:
    begun = None if flow is None else flow.cancellation
    if begun is None:
        return f"by the request {refused.first}"
    reason = f", {quoted(begun.reason)}" if begun.reason else ""
    return f"{actor(begun.actor)} asked first at {clock(begun.asked_at)}{reason}"


def _finished(flow: FlowState | None) -> tuple[Exit, str]:
    if flow is None:
        return Exit.REFUSED, "has ended, and finished is final"
    when = f" since {day_and_clock(flow.finished_at)}" if flow.finished_at is not None else ""
    # Cancelled is what was wanted; anything else is not.
    code = Exit.OK if flow.state == "Finished.Cancelled" else Exit.REFUSED
    return code, f"is {flow.state}{when}, and finished is final"
