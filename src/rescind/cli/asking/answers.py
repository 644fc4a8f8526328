"""What the answer to a cancel means for whoever asked: in a sentence, and as an exit code.

What was wanted counts, not who asked first: a run that is being cancelled already, or that was
cancelled before, is a success for the second who asks.
"""

from dataclasses import dataclass
from typing import Literal

from rescind.asking import outcomes as asking
from rescind.cli.asking.subjects import Subject
from rescind.cli.exits import Exit
from rescind.events.journal import (
    AnyEvent,
    CancellationArmed,
    CancellationEscalated,
    Entry,
    FlowCancelled,
    FlowCancelling,
    RequestRefused,
    TaskCancelled,
    TaskCancelling,
)
from rescind.events.refusals import Code
from rescind.events.states import FlowState, TaskState
from rescind.telling.words import actor, clock, day_and_clock, plain, quoted

__all__ = ["Answer", "Outcome", "answer_of"]

Outcome = asking.Outcome | Literal["unknown", "no_answer", "left_alone"]
"""What was asked of the service comes to, or why nothing was."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one cancel."""

    subject: Subject
    outcome: Outcome
    sentence: str
    exit: Exit
    request_id: str | None = None
    code: str | None = None
    first: str | None = None

    def to_dict(self) -> dict[str, object]:
        """As ``--json`` shows it; keys that say nothing are left out."""
        body: dict[str, object] = {
            "flow_run_id": self.subject.flow_run_id,
            "outcome": self.outcome,
            "message": self.sentence,
            "exit_code": int(self.exit),
        }
        optional = {
            "task_run_id": self.subject.task_run_id,
            "request_id": self.request_id,
            "code": self.code,
            "first": self.first,
        }
        return body | {key: value for key, value in optional.items() if value is not None}


def answer_of(entry: Entry, run: FlowState | TaskState | None) -> Answer:
    """Read an answer; ``run`` is the state of what was to be cancelled after it, if it is known."""
    subject = Subject(entry.stream_id, entry.task_run_id)
    outcome = asking.outcome_of(entry, is_known=run is not None)
    if isinstance(entry.event, RequestRefused):
        return _refused(subject, entry, entry.event, outcome, run)
    return Answer(subject, outcome, _happened(entry.event), Exit.OK, entry.request_id)


def _happened(event: AnyEvent) -> str:
    match event:
        case FlowCancelling(terms=terms) | TaskCancelling(terms=terms):
            how = f"{terms.mode}, grace {terms.grace_seconds:g} s"
            return f"is being cancelled ({how}, deadline {clock(terms.deadline_at)})"
        case FlowCancelled():
            return "is cancelled: nothing of it was running"
        case TaskCancelled():
            return "is cancelled: it was not running"
        case CancellationArmed():
            until = day_and_clock(event.until)
            return f"is known to nobody; if it registers before {until} it is cancelled"
        case CancellationEscalated():
            return f"is being aborted now, deadline {clock(event.deadline_at)}"
        case _:
            raise AssertionError(f"{event.type} answers no cancel")


def _refused(
    subject: Subject,
    entry: Entry,
    refused: RequestRefused,
    outcome: asking.Outcome,
    run: FlowState | TaskState | None,
) -> Answer:
    code = Exit.OK
    match outcome:
        case "armed":
            sentence = f"is known to nobody, and armed already by the request {refused.first}"
        case "already_cancelling":
            sentence = f"is being cancelled already: {_first(refused, run)}"
        case "already_finished":
            code, sentence = _finished(run)
        case _:
            is_unknown = refused.code in {Code.UNKNOWN_RUN, Code.UNKNOWN_TASK}
            code = Exit.UNKNOWN_ID if is_unknown else Exit.REFUSED
            sentence = f"{refused.code.meaning} {plain(refused.message)}. {refused.code.remedy}"
    return Answer(
        subject,
        outcome,
        sentence,
        code,
        entry.request_id,
        refused.code.value,
        refused.first,
    )


def _first(refused: RequestRefused, run: FlowState | TaskState | None) -> str:
    begun = None if run is None else run.cancellation
    if begun is None:
        return f"by the request {refused.first}"
    reason = f", {quoted(begun.reason)}" if begun.reason else ""
    return f"{actor(begun.actor)} asked first at {clock(begun.asked_at)}{reason}"


def _finished(run: FlowState | TaskState | None) -> tuple[Exit, str]:
    if run is None:
        return Exit.REFUSED, "has ended, and finished is final"
    when = f" since {day_and_clock(run.finished_at)}" if run.finished_at is not None else ""
    # Cancelled is what was wanted; anything else is not.
    code = Exit.OK if run.state == "Finished.Cancelled" else Exit.REFUSED
    return code, f"is {run.state}{when}, and finished is final"
