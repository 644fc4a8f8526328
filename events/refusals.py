"""The closed list of reasons for which a request changes nothing, and what to do about each."""

from enum import StrEnum
from typing import Self

__all__ = ["Code"]


class Code(StrEnum):
    """Why a request was refused. Closed: a new one is a new release of the wire.

    Attributes:
        meaning: what is the case.
        remedy: what whoever asked can do about it.

    """

    meaning: str
    remedy: str

    # Defaults, so that a checker lets a code be looked up by its value alone.
    def __new__(cls, value: str, meaning: str = "", remedy: str = "") -> Self:
        code = str.__new__(cls, value)
        code._value_ = value
        code.meaning = meaning
        code.remedy = remedy
        return code

    UNREADABLE = (
        "unreadable",
        "It is no request of this wire, or not where it says; its bytes are in the dead letters.",
        "Mend what the message names, and send it again.",
    )
    UNKNOWN_RUN = (
        "unknown_run",
        "No such flow run is known, or it has been forgotten.",
        "Check the id; register the flow run first.",
    )
    UNKNOWN_TASK = (
        "unknown_task",
        "The flow run has no such task run.",
        "Check the id; register the task run first.",
    )
    UNKNOWN_RUNNER = (
        "unknown_runner",
        "The runner is not registered in this partition.",
        "Send `runner.register` to the partition of the flow run first.",
    )
    UNKNOWN_BULK = (
        "unknown_bulk",
        "No such bulk cancellation is known.",
        "Check the id; create it first.",
    )
    ALREADY_FINISHED = (
        "already_finished",
        "It has ended, and finished is final.",
        "Nothing is left to do; to run it again, register a new flow run with `rerun_of`.",
    )
    ALREADY_CANCELLING = (
        "already_cancelling",
        "Its cancellation is under way; `first` names it.",
        "Nothing: what was asked is happening. To stop faster, ask again with `mode` `abort`.",
    )
    CANCELLING = (
        "cancelling",
        "The flow run is being cancelled: nothing more of it starts.",
        "Do not start it. Registered task runs are cancelled by the service.",
    )
    DUPLICATE = (
        "duplicate",
        "The same was asked before; `first` names the event that answered it.",
        "Nothing: take that answer. A start that its owner repeats is granted again beside it.",
    )
    DEPRECATED_TRANSITION = (
        "deprecated_transition",
        "Nobody has asked for a cancellation, and only that leads to `Cancelled`.",
        "Send `flow.cancel`, or report the end as `failed`.",
    )
    OPEN_WORK = (
        "open_work",
        "Task runs of it are still open.",
        "End them, and send the same request again.",
    )
    NOT_OWNER = (
        "not_owner",
        "Another runner holds this.",
        "Leave it to its owner, and end what runs of it here.",
    )
    WRONG_ATTEMPT = (
        "wrong_attempt",
        "Another attempt is the current one.",
        "Name the current attempt; a report of an older one changes nothing.",
    )
    NO_SUCH_EDGE = (
        "no_such_edge",
        "The lifecycle has no such step from where it is.",
        "Look at its state, and at the step that the message names instead.",
    )
    NOT_ALLOWED = (
        "not_allowed",
        "This needs the service's signature, and the record has none that fits.",
        "Cancel by `rescind cancel` with the service's RESCIND_SIGNING_KEYS; the rest is its own.",
    )
    TOO_DEEP = (
        "too_deep",
        "The chain of parents is too long, or contains itself.",
        "Start the flow run without a parent.",
    )
    EARLY = (
        "early",
        "A clock struck before its time, by the broker's clock.",
        "Nothing: the service strikes it again when it is due.",
    )
    STALE = (
        "stale",
        "It is about something that has been replaced, is over, or needs it no longer.",
        "Nothing: whatever is the case now goes on.",
    )
    CONFIRMATION_NEEDED = (
        "confirmation_needed",
        "It would cancel more than the limit without a confirmation.",
        "Look at the preview, and send it again with the confirmation.",
    )
    QUARANTINED = (
        "quarantined",
        "The flow run's journal holds an event that cannot have happened.",
        "An operator has to look: `rescind journal tail --flow ID` says which event it is.",
    )
    RUNNER_LOST = (
        "runner_lost",
        "This runner was given up, or has left.",
        "End what it holds, and register as a new runner with a new id.",
    )
    INTERNAL_ERROR = (
        "internal_error",
        "A bug of the service; the request's bytes are in the dead letters.",
        "Report it with the dead letter; the request may be sent again after an upgrade.",
    )
