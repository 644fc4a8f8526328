"""The closed list of reasons for which a request changes nothing."""

from enum import StrEnum

__all__ = ["Code"]


class Code(StrEnum):
    """Why a request was refused. Closed: a new one is a new release of the wire."""

    UNREADABLE = "unreadable"  #: not a request of this wire; its bytes are in dead letters
    UNKNOWN_RUN = "unknown_run"  #: no such flow run; register it first
    UNKNOWN_TASK = "unknown_task"  #: no such task run in this flow run; register it first
    UNKNOWN_RUNNER = "unknown_runner"  #: register the runner in this partition first
    UNKNOWN_BULK = "unknown_bulk"  #: no such bulk cancellation
    ALREADY_FINISHED = "already_finished"  #: it has ended, and finished is final
    ALREADY_CANCELLING = "already_cancelling"  #: `first` names the request that began it
    CANCELLING = "cancelling"  #: nothing more of this flow run starts
    DUPLICATE = "duplicate"  #: the same was asked before; `first` names its outcome
    DEPRECATED_TRANSITION = "deprecated_transition"  #: ask for a cancel instead
    OPEN_WORK = "open_work"  #: task runs are still open; send it again later
    NOT_OWNER = "not_owner"  #: another runner holds this
    WRONG_ATTEMPT = "wrong_attempt"  #: another attempt is the current one
    NO_SUCH_EDGE = "no_such_edge"  #: the lifecycle has no such step from here
    NOT_ALLOWED = "not_allowed"  #: this needs the service's signature
    TOO_DEEP = "too_deep"  #: the chain of parents is too long or contains itself
    EARLY = "early"  #: a clock struck before its time
    STALE = "stale"  #: a clock that has been set anew or is no longer needed
    CONFIRMATION_NEEDED = "confirmation_needed"  #: larger than the limit without a confirmation
    QUARANTINED = "quarantined"  #: an impossible event is in this stream; an operator must look
    RUNNER_LOST = "runner_lost"  #: this runner was given up; start again as a new one
    INTERNAL_ERROR = "internal_error"  #: a bug of ours; the bytes are in dead letters
