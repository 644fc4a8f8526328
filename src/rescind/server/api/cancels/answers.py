"""What an entry of the journal that answers a cancel is over HTTP: a status and an answer.

A second cancel is a success, as with the command: what was wanted is happening. It is answered
with the cancellation that holds, which is the first one's.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from rescind.events.journal import (
    CancellationArmed,
    CancellationEscalated,
    CancellationTerms,
    Entry,
    FlowCancelled,
    FlowCancelling,
    RequestRefused,
    TaskCancellationTerms,
    TaskCancelled,
    TaskCancelling,
)
from rescind.events.refusals import Code
from rescind.events.states import CancellationState
from rescind.events.words import Mode
from rescind.server.api.cancels.known import Shown
from rescind.server.api.cancels.words import Agreed, CancelAnswer, CancelOutcome
from rescind.server.api.problems import Kind, ProblemError
from rescind.server.api.subjects import Subject
from rescind.statemachine.runs import Armed

__all__ = ["Answered", "accepted", "answered", "what_to_look_for"]


class Answered(NamedTuple):
    """The status of an answer, and what it says."""

    status: int
    answer: CancelAnswer


_REFUSALS: Final = {
    Code.UNKNOWN_RUN: Kind.UNKNOWN_RUN,
    Code.UNKNOWN_TASK: Kind.UNKNOWN_RUN,
    Code.NOT_ALLOWED: Kind.NOT_ALLOWED,
    Code.UNREADABLE: Kind.INVALID,
    Code.INTERNAL_ERROR: Kind.BUG,
    Code.ALREADY_FINISHED: Kind.FINISHED,
}

_AGAIN: Final = (Code.ALREADY_CANCELLING, Code.DUPLICATE)


def what_to_look_for(entry: Entry) -> Callable[[Shown], bool] | None:
    """What the read model has to show before this can be told whole; None: nothing."""
    match entry.event:
        case RequestRefused(code=Code.ALREADY_FINISHED):
            return lambda seen: seen.is_finished
        case RequestRefused(code=code) if code in _AGAIN:
            return lambda seen: seen.cancellation is not None or seen.armed is not None
        case CancellationEscalated():
            return lambda seen: seen.cancellation is not None
        case _:
            return None


def answered(entry: Entry, subject: Subject, seen: Shown) -> Answered:
    """Raises `ProblemError` if nothing is or will be cancelled by it."""
    made = _Maker(subject, entry.request_id or "")
    event = entry.event
    match event:
        case FlowCancelling() | TaskCancelling():
            return made(202, "cancelling", "is being cancelled", _terms(entry, event.terms))
        case FlowCancelled():
            sentence = "is cancelled: nothing of it was running"
            return made(200, "cancelled", sentence, _over(entry, event))
        case TaskCancelled():
            terms = None if event.terms is None else _terms(entry, event.terms)
            return made(200, "cancelled", "is cancelled: it was not running", terms)
        case CancellationArmed():
            sentence = "is known to nobody; if it registers in time it is cancelled"
            return made(202, "armed", sentence, _armed_now(entry, event))
        case CancellationEscalated():
            return made(202, "escalated", "is being aborted now", _escalated(event, seen))
        case RequestRefused():
            return _refused(entry, event, seen, made)
        case _:
            raise AssertionError(f"{event.type} answers no cancel")


def accepted(subject: Subject, request_id: str) -> Answered:
    """Kafka has the request, and nobody has answered it yet."""
    sentence = "is asked to be cancelled; the service has not answered yet"
    return _Maker(subject, request_id)(202, "accepted", sentence, None)


class _Maker(NamedTuple):
    """Makes answers to one request."""

    subject: Subject
    request_id: str

    def __call__(
        self, status: int, outcome: CancelOutcome, sentence: str, agreed: Agreed | None
    ) -> Answered:
        answer = CancelAnswer(
            outcome=outcome,
            message=f"{self.subject} {sentence}",
            flow_run_id=self.subject.flow_run_id,
            task_run_id=self.subject.task_run_id,
            request_id=self.request_id,
            cancellation=agreed,
        )
        return Answered(status, answer)


def _refused(entry: Entry, refused: RequestRefused, seen: Shown, made: _Maker) -> Answered:
    if refused.code in _AGAIN:
        if seen.armed is not None and seen.cancellation is None:
            sentence = "is known to nobody, and a cancel waits for it already"
            return made(202, "armed", sentence, _armed_before(seen.armed))
        if seen.cancellation is None:
            # What has not been read here yet may be armed as well: the refusal is the same.
            first = Agreed(cancellation_id=refused.first or "")
            return made(202, "already_cancelling", "was asked to be cancelled before", first)
        sentence = "is being cancelled already"
        return made(202, "already_cancelling", sentence, _begun(seen.cancellation))
    raise ProblemError(
        _REFUSALS.get(refused.code, Kind.REFUSED),
        refused.message,
        code=refused.code.value,
        state=seen.state if seen.is_finished else None,
        remedy=refused.code.remedy,
        request_id=entry.request_id,
    )


def _terms(entry: Entry, terms: CancellationTerms | TaskCancellationTerms) -> Agreed:
    return Agreed(
        cancellation_id=terms.cancellation_id,
        asked_by=entry.actor,
        asked_at=entry.at_ms,
        reason=terms.reason,
        mode=terms.mode,
        grace_seconds=terms.grace_seconds,
        deadline_at=terms.deadline_at,
    )


def _over(entry: Entry, over: FlowCancelled) -> Agreed:
    return Agreed(
        cancellation_id=over.cancellation_id,
        asked_by=entry.actor,
        asked_at=entry.at_ms,
        reason=over.reason,
        mode=over.mode,
        account=over.account,
    )


def _armed_now(entry: Entry, armed: CancellationArmed) -> Agreed:
    return Agreed(
        cancellation_id=armed.cancellation_id,
        asked_by=entry.actor,
        asked_at=entry.at_ms,
        reason=armed.reason,
        mode=armed.mode,
        armed_until=armed.until,
    )


def _armed_before(armed: Armed) -> Agreed:
    return Agreed(
        cancellation_id=armed.cancellation_id,
        asked_by=armed.actor,
        asked_at=armed.at_ms,
        reason=armed.reason,
        mode=armed.mode,
        armed_until=armed.until_ms,
    )


def _begun(begun: CancellationState) -> Agreed:
    return Agreed(
        cancellation_id=begun.cancellation_id,
        asked_by=begun.actor,
        asked_at=begun.asked_at,
        reason=begun.reason,
        mode=begun.mode,
        grace_seconds=begun.grace_seconds,
        deadline_at=begun.deadline_at,
        account=begun.account,
    )


def _escalated(event: CancellationEscalated, seen: Shown) -> Agreed:
    if seen.cancellation is None:
        return Agreed(cancellation_id=event.cancellation_id, deadline_at=event.deadline_at)
    begun = _begun(seen.cancellation)
    return begun.model_copy(update={"mode": Mode.ABORT, "deadline_at": event.deadline_at})
