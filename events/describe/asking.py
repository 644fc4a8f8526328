"""Who may ask what, and what may come of it: for each request, beside its fields.

What is listed as a refusal is what a client has to be ready for. A request can also be refused
for reasons that have nothing to do with what it asks: those stand in `ALWAYS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, get_args

from rescind.events import requests as r
from rescind.events.refusals import Code

__all__ = ["ALWAYS", "ASKED", "Asked", "may_be_refused", "request_classes"]

ALWAYS: Final = (Code.UNREADABLE, Code.INTERNAL_ERROR)
"""Refusals that any record can meet."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is true of a request beside its fields.

    Attributes:
        by: who may ask it.
        refusals: why it can be refused, apart from `ALWAYS`.
        answered: what its runner finds in its inbox; empty for nothing.

    """

    by: str
    refusals: tuple[Code, ...]
    answered: str = ""


_ANYONE: Final = "anyone"
_CANCELLER: Final = "anyone; with `accept_unsigned_cancels=false` only with a signature"
_OWNER: Final = "the runner that owns the flow run"
_HOLDER: Final = "the runner that holds the attempt"
_RUNNER: Final = "a registered runner"
_SERVICE: Final = "the service, signed"

# Of everything about a flow run that has to be there, whole, and open.
_OPEN: Final = (Code.UNKNOWN_RUN, Code.ALREADY_FINISHED, Code.QUARANTINED)

_OF_A_HELD_ATTEMPT: Final = (
    *_OPEN,
    Code.UNKNOWN_TASK,
    Code.NO_SUCH_EDGE,
    Code.WRONG_ATTEMPT,
    Code.NOT_OWNER,
)

_OF_A_BULK: Final = (
    Code.NOT_ALLOWED,
    Code.UNKNOWN_BULK,
    Code.ALREADY_FINISHED,
    Code.DUPLICATE,
    Code.NO_SUCH_EDGE,
)

ASKED: Final[Mapping[type[r.Request], Asked]] = MappingProxyType(
    {
        r.FlowRegister: Asked(
            _ANYONE,
            (
                Code.DUPLICATE,
                Code.ALREADY_FINISHED,
                Code.UNKNOWN_RUNNER,
                Code.RUNNER_LOST,
                Code.TOO_DEEP,
            ),
            "accepted",
        ),
        r.FlowStart: Asked(
            _OWNER,
            (
                *_OPEN,
                Code.UNKNOWN_RUNNER,
                Code.RUNNER_LOST,
                Code.CANCELLING,
                Code.NOT_OWNER,
                Code.DUPLICATE,
                Code.NO_SUCH_EDGE,
            ),
            "accepted; a grant for the body",
        ),
        r.FlowFinish: Asked(
            _OWNER,
            (
                Code.UNKNOWN_RUN,
                Code.QUARANTINED,
                Code.DUPLICATE,
                Code.NOT_OWNER,
                Code.NO_SUCH_EDGE,
                Code.DEPRECATED_TRANSITION,
                Code.OPEN_WORK,
            ),
        ),
        r.FlowCancel: Asked(
            _CANCELLER,
            (
                Code.NOT_ALLOWED,
                Code.DUPLICATE,
                Code.ALREADY_FINISHED,
                Code.ALREADY_CANCELLING,
                Code.QUARANTINED,
                # With `registered_until`, or of a time limit: a plain cancel arms an unknown id.
                Code.UNKNOWN_RUN,
                Code.NOT_OWNER,
                Code.NO_SUCH_EDGE,
                # Of a child that was to be kept from beginning, and has begun; of a flow run that
                # was registered after `registered_until`.
                Code.STALE,
            ),
        ),
        r.TaskRegister: Asked(
            _ANYONE,
            (*_OPEN, Code.DUPLICATE, Code.TOO_DEEP),
            "accepted",
        ),
        r.TaskStart: Asked(
            _RUNNER,
            (
                *_OPEN,
                Code.UNKNOWN_RUNNER,
                Code.RUNNER_LOST,
                Code.CANCELLING,
                Code.UNKNOWN_TASK,
                Code.WRONG_ATTEMPT,
                Code.DUPLICATE,
                Code.NOT_OWNER,
                Code.NO_SUCH_EDGE,
            ),
            "a grant for each item",
        ),
        r.TaskFinish: Asked(
            _HOLDER,
            (
                Code.UNKNOWN_RUN,
                Code.QUARANTINED,
                Code.UNKNOWN_TASK,
                Code.DUPLICATE,
                Code.NO_SUCH_EDGE,
                Code.WRONG_ATTEMPT,
                Code.NOT_OWNER,
                Code.DEPRECATED_TRANSITION,
                Code.OPEN_WORK,
            ),
            "accepted, if an item has `retry_at`",
        ),
        r.TaskStopping: Asked(_HOLDER, _OF_A_HELD_ATTEMPT),
        r.TaskCleanup: Asked(_HOLDER, _OF_A_HELD_ATTEMPT),
        r.TaskCancel: Asked(
            _CANCELLER,
            (
                *_OPEN,
                Code.NOT_ALLOWED,
                Code.UNKNOWN_TASK,
                Code.DUPLICATE,
                Code.ALREADY_CANCELLING,
                Code.NO_SUCH_EDGE,
            ),
        ),
        r.CancellationAcknowledge: Asked(
            _RUNNER,
            (*_OPEN, Code.UNKNOWN_RUNNER, Code.RUNNER_LOST, Code.DUPLICATE, Code.STALE),
        ),
        r.ExecutorReport: Asked(
            "a registered runner that has work of the flow run, or was told to stop some",
            (*_OPEN, Code.UNKNOWN_RUNNER, Code.RUNNER_LOST, Code.NOT_OWNER, Code.NO_SUCH_EDGE),
        ),
        r.InfrastructureReport: Asked(
            "a registered runner of the handle's scope, about a teardown that was ordered",
            (
                Code.UNKNOWN_RUN,
                Code.QUARANTINED,
                Code.UNKNOWN_RUNNER,
                Code.RUNNER_LOST,
                Code.NO_SUCH_EDGE,
                Code.NOT_OWNER,
                Code.DUPLICATE,
            ),
        ),
        r.RunnerRegister: Asked("the runner itself", (Code.RUNNER_LOST,), "accepted"),
        r.RunnerLeave: Asked("the runner itself", (Code.RUNNER_LOST,)),
        r.RunnerLost: Asked(_SERVICE, (Code.NOT_ALLOWED, Code.RUNNER_LOST)),
        r.RunnerForget: Asked(_SERVICE, (Code.NOT_ALLOWED, Code.EARLY, Code.STALE, Code.OPEN_WORK)),
        r.CancellationClock: Asked(_SERVICE, (Code.NOT_ALLOWED, Code.EARLY, Code.STALE)),
        r.ChildFinished: Asked(
            _SERVICE,
            (
                Code.NOT_ALLOWED,
                Code.UNKNOWN_RUN,
                Code.QUARANTINED,
                Code.UNKNOWN_TASK,
                Code.NO_SUCH_EDGE,
                Code.DUPLICATE,
            ),
        ),
        r.BulkCreate: Asked(_CANCELLER, (Code.NOT_ALLOWED, Code.DUPLICATE, Code.ALREADY_FINISHED)),
        r.BulkStart: Asked(_CANCELLER, (*_OF_A_BULK, Code.CONFIRMATION_NEEDED)),
        r.BulkPause: Asked(_CANCELLER, _OF_A_BULK),
        r.BulkResume: Asked(_CANCELLER, _OF_A_BULK),
        r.BulkStop: Asked(
            _CANCELLER,
            (Code.NOT_ALLOWED, Code.UNKNOWN_BULK, Code.ALREADY_FINISHED, Code.DUPLICATE),
        ),
        r.BulkCount: Asked(
            _SERVICE, (Code.NOT_ALLOWED, Code.UNKNOWN_BULK, Code.ALREADY_FINISHED, Code.STALE)
        ),
        r.BulkProgress: Asked(
            _SERVICE, (Code.NOT_ALLOWED, Code.UNKNOWN_BULK, Code.ALREADY_FINISHED, Code.STALE)
        ),
        r.BulkForget: Asked(_SERVICE, (Code.NOT_ALLOWED, Code.EARLY, Code.STALE)),
        r.RequestDenied: Asked(_SERVICE, (Code.NOT_ALLOWED,)),
    }
)


def may_be_refused(request: type[r.Request], code: Code) -> bool:
    """Whether this refusal is one that the reference names for such a request."""
    return code in ALWAYS or code in ASKED[request].refusals


def request_classes() -> tuple[type[r.Request], ...]:
    """Every class of the union, in its order."""
    union, *_ = get_args(r.AnyRequest)
    return get_args(union)
