"""How the command ends: one code for each kind of end, for scripts to branch on.

`docs/reference/cli.md` shows this table and a test holds them together. A code never changes its
meaning; a new kind of end gets a new number.
"""

from enum import IntEnum
from typing import Final, Self

from rescind.errors import (
    AlreadyUpError,
    AmbiguousIdError,
    BrokerError,
    BrokerUnavailableError,
    CannotInterruptError,
    DeploymentError,
    ExtraMissingError,
    FilesError,
    FlowImportError,
    InfrastructureError,
    JournalError,
    NoAnswerError,
    NotReadyError,
    RescindError,
    SettingsError,
    UnknownBulkError,
    UnknownDeadLetterError,
    UnknownHookError,
    UnknownRunError,
    UnknownTaskError,
    UnknownTokenError,
    UnsupportedTaskError,
)

__all__ = ["Exit", "exit_of"]


class Exit(IntEnum):
    """The code of the process, and what it says.

    Attributes:
        meaning: one sentence.

    """

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        code = int.__new__(cls, value)
        code._value_ = value
        code.meaning = meaning
        return code

    OK = 0, "It is done, or it was done already: a second cancel of the same run ends so too."
    REFUSED = 1, "The service refused, the run ended otherwise, or a check found something wrong."
    USAGE = 2, "The command was not understood, or a setting is not what it must be."
    UNREACHABLE = 3, "Kafka does not answer."
    UNUSABLE = (
        4,
        "Kafka cannot be used, or what has to be here to start it, the services or a flow.",
    )
    UNKNOWN_ID = 5, "Nothing is known by this id, or more than one begins so."
    FINDINGS = 6, "The audit found that the journal breaks a promise."
    NO_ANSWER = 7, "The request is in Kafka, and nobody has answered it in time."
    UNLOADABLE = 8, "The flow cannot be loaded from what was named, or not with these parameters."
    ENDED_ITSELF = (
        9,
        "What `run` could not stop ended with it: `may_exit`, or a Ctrl-C past the deadline.",
    )
    BUG = 70, "A bug of the command: `rescind --debug` shows where."
    UNWRITTEN = 74, "There is no room on the disk for what it had to write."
    INTERRUPTED = 130, "Ctrl-C; of `run`, also SIGTERM, before it has a flow run to cancel."
    UNHEARD = 141, "Whoever read what it said has gone, as `head` does: it went no further."


# The first that fits counts, so what is more special stands above what it is a kind of.
_EXITS: Final[tuple[tuple[type[RescindError], Exit], ...]] = (
    (SettingsError, Exit.USAGE),
    (BrokerUnavailableError, Exit.UNREACHABLE),
    (BrokerError, Exit.UNUSABLE),
    (ExtraMissingError, Exit.UNUSABLE),
    (AlreadyUpError, Exit.UNUSABLE),
    (CannotInterruptError, Exit.UNUSABLE),
    (FilesError, Exit.USAGE),
    (DeploymentError, Exit.USAGE),
    (InfrastructureError, Exit.UNUSABLE),
    (NotReadyError, Exit.UNUSABLE),
    (UnknownBulkError, Exit.UNKNOWN_ID),
    (UnknownDeadLetterError, Exit.UNKNOWN_ID),
    (UnknownHookError, Exit.UNKNOWN_ID),
    (UnknownRunError, Exit.UNKNOWN_ID),
    (UnknownTaskError, Exit.UNKNOWN_ID),
    (UnknownTokenError, Exit.UNKNOWN_ID),
    (AmbiguousIdError, Exit.UNKNOWN_ID),
    (NoAnswerError, Exit.NO_ANSWER),
    (FlowImportError, Exit.UNLOADABLE),
    (UnsupportedTaskError, Exit.UNLOADABLE),
    (JournalError, Exit.FINDINGS),
)


def exit_of(error: RescindError) -> Exit:
    """The code for an error that was raised on purpose."""
    return next((code for kind, code in _EXITS if isinstance(error, kind)), Exit.REFUSED)
