"""What all answers are: read-only, and patient with a server of a newer release.

A field that is not known here is left out, and a word that is not known stays a text: no answer
becomes unreadable because somebody has upgraded the server first.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from rescind.events.words import CascadePolicy, End, How, Mode, Rung, TaskKind

__all__ = [
    "Actor",
    "Answer",
    "BulkOutcome",
    "ErrorInfo",
    "Fate",
    "KnownBulkOutcome",
    "KnownCascade",
    "KnownEnd",
    "KnownFate",
    "KnownHow",
    "KnownKind",
    "KnownMode",
    "KnownOutcome",
    "KnownRung",
    "KnownTeardownFate",
    "KnownTeardownOutcome",
    "Outcome",
    "ParentLink",
    "TeardownFate",
    "TeardownOutcome",
]


class Answer(BaseModel):
    """Anything that the server answers, or a part of it. Times are aware, in UTC."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Outcome(StrEnum):
    """What comes of a cancel."""

    CANCELLED = "cancelled"  #: nothing of it was running
    CANCELLING = "cancelling"  #: it is being cancelled
    ALREADY_CANCELLING = "already_cancelling"  #: somebody has asked before
    ESCALATED = "escalated"  #: it was being cancelled, and is now aborted
    ARMED = "armed"  #: nobody knows the id; if it registers in time it is cancelled
    ACCEPTED = "accepted"  #: Kafka has the request, and nobody has answered it yet
    ALREADY_FINISHED = "already_finished"  #: foretold only: it has ended
    REFUSED = "refused"  #: foretold only: the service would refuse it


class BulkOutcome(StrEnum):
    """What comes of asking for something of a bulk cancellation."""

    CREATED = "created"  #: it is there, as a draft
    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    STOPPED = "stopped"
    UNCHANGED = "unchanged"  #: it was so already
    ACCEPTED = "accepted"  #: Kafka has the request, and nobody has answered it yet


class Fate(StrEnum):
    """What would become of what a runner holds."""

    INTERRUPTED_THEN_KILLED = "interrupted_then_killed"
    INTERRUPTED = "interrupted"
    KILLED = "killed"
    ENDED_WITH_ITS_PROCESS = "ended_with_its_process"
    WAITED_FOR = "waited_for"
    NOT_KNOWN = "not_known"


class TeardownFate(StrEnum):
    """What would become of what a runner lives in."""

    TORN_DOWN = "torn_down"  #: it is this flow run's alone, and is ended from outside
    SHARED = "shared"  #: other flow runs may be there: not touched, unless its runner is lost
    NO_HANDLE = "no_handle"  #: nothing is known by which it could be ended
    NOT_KNOWN = "not_known"


class TeardownOutcome(StrEnum):
    """How far the end of a runner's infrastructure from outside is."""

    ASKED = "asked"
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"  #: somebody is asked again
    GIVEN_UP = "given_up"


# By pydantic's own choice a text that is a member's would stay a text.
_First = Field(union_mode="left_to_right")

KnownOutcome = Annotated[Outcome | str, _First]
KnownBulkOutcome = Annotated[BulkOutcome | str, _First]
KnownFate = Annotated[Fate | str, _First]
KnownMode = Annotated[Mode | str, _First]
KnownHow = Annotated[How | str, _First]
KnownEnd = Annotated[End | str, _First]
KnownKind = Annotated[TaskKind | str, _First]
KnownCascade = Annotated[CascadePolicy | str, _First]
KnownRung = Annotated[Rung | str, _First]
KnownTeardownFate = Annotated[TeardownFate | str, _First]
KnownTeardownOutcome = Annotated[TeardownOutcome | str, _First]


class Actor(Answer):
    """Who asked."""

    kind: str
    """``user``, ``runner``, ``service`` or ``rule``."""
    id: str
    verified: bool = False
    """Whether the service's signature was checked; else it is a claim."""


class ErrorInfo(Answer):
    """An error of user code or of a backend, in words."""

    type: str
    message: str = ""
    traceback: str | None = None


class ParentLink(Answer):
    """The task run of the parent that stands for a child flow run."""

    flow_run_id: str
    task_run_id: str
    ancestors: tuple[str, ...] = ()
    """The parent's own ancestors, nearest last."""
