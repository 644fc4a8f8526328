"""Every error that Rescind raises, as one tree.

    RescindError
    ├── SettingsError             a setting is missing or wrong
    ├── BrokerError               Kafka cannot be used as it is
    │   ├── BrokerUnavailableError    nothing answers at the address
    │   │   └── BrokerRefusedError    it answers, and does not let us in
    │   ├── BrokerUnsupportedError    something answers, but too old or too new
    │   ├── BrokerStartError          the embedded broker ended before it answered
    │   ├── BrokerRunningError        another embedded broker uses the same data folder
    │   ├── PortTakenError            an embedded broker cannot listen where it should
    │   ├── DownloadError             its files cannot be had, or are not the pinned ones
    │   ├── TopicsError               topics are missing or differ from what the design needs
    │   ├── OutOfRangeError           records that were to be read are not kept any more
    │   ├── RecordTooLargeError       a record is larger than its topic takes
    │   ├── CommitLostError           Kafka has less than it had said to be committed
    │   ├── FencedError               somebody else owns this partition now
    │   ├── InstanceTakenError        another worker has joined under this one's name
    │   ├── UncertainError            a commit may have happened, or not
    │   ├── TransactionFailedError    a transaction did certainly not happen
    │   └── StalledError              there is lag, the partition is ours, and nothing comes
    ├── JournalError              the journal cannot be read as a journal
    │   ├── NoTransitionError         an event that the run's state has no edge for
    │   ├── UnknownEventError         written by a newer release than this one
    │   ├── UnreadableEventError      not an event at all
    │   └── UnreadableStateError      a state record that this release cannot restore
    ├── ReadModelError            the read model cannot be used as it is
    │   ├── ReadModelMissingError     nobody has made it yet
    │   ├── DatabaseUnavailableError  the database that it is in does not answer
    │   ├── NewerSchemaError          a newer release has made its tables
    │   ├── OlderSchemaError          an earlier one has, and may serve still
    │   ├── PositionMovedError        another projection writes to it
    │   ├── OtherJournalError         it was made of another journal than this one
    │   ├── RebuildOvertakenError     somebody else builds the read model anew, too
    │   └── CursorError               a cursor that no page of this list has ended with
    ├── RunnerError               a runner cannot do what was asked of it
    │   ├── RefusedError              the service refused a request of this runner
    │   ├── RunnerLostError           the service has given this runner up
    │   ├── RunnerClosedError         a client was used outside of its ``with``
    │   ├── WouldWaitError            a callback called what waits for the caller itself
    │   ├── CannotInterruptError      this executor cannot work here (no free main thread)
    │   ├── AttemptHeldError          an executor was given an attempt that it has already
    │   ├── ExecutorClosedError       an executor was given work after its shutdown
    │   ├── SupervisorError           no process could be made to look after work
    │   ├── ClusterError              a Dask cluster cannot be used as it is
    │   ├── ArgumentsNotSentError     a call cannot be sent to a process of its own
    │   ├── ResultNotSentError        what it returned cannot be sent back
    │   ├── UnsupportedTaskError      a task or flow that cannot be run as it is
    │   ├── ParametersError           a flow was given parameters that it does not take
    │   ├── WrongPlaceError           something was called where it cannot work
    │   └── InfrastructureError       a job cannot be started, ended or looked at
    │       ├── UnauthorisedError         whoever asked may not do that here
    │       ├── UnsupportedError          that cannot be done here at all
    │       ├── UnavailableError          no answer, or one that says: not now
    │       ├── NotMatchingError          what is named is not of this place: not touched
    │       ├── StillRunningError         it was killed, and is still seen to run
    │       ├── NotStartedError           a job could not be started
    │       └── DeploymentError           the file that says how jobs are started is wrong
    ├── TokenRefusedError         what was shown is no token that is good
    ├── CommandError              the command ``rescind`` cannot do what it was told
    │   ├── UnknownBulkError          no bulk cancellation has this id
    │   ├── UnknownTokenError         no token has this id, and nobody's has this name
    │   ├── UnknownDeadLetterError    no dead letter lies at this place
    │   ├── UnknownHookError          no hook has this name
    │   ├── UnknownRunError           no flow run has this id, or one that begins so
    │   ├── UnknownTaskError          no task run of this flow run has this id
    │   ├── AmbiguousIdError          more than one flow run has an id that begins so
    │   ├── NoAnswerError             a request is in Kafka, and nobody has answered it yet
    │   ├── AlreadyUpError            ``rescind up`` runs on this data folder
    │   ├── NotReadyError             a service was started, and does not do its work in time
    │   ├── FilesError                a folder that was named has not what is needed
    │   └── ExtraMissingError         this installation lacks the packages of an extra
    ├── ApiError                  what was asked by ``rescind.client`` was not done, or nobody knows
    │   ├── CallError                 no request can be made of this; nothing was sent
    │   ├── ServerUnavailableError    nothing has answered, or not the whole answer has come
    │   ├── UnexpectedAnswerError     what has answered is no Rescind
    │   ├── NotFinishedError          a flow run has not ended in the time that was given
    │   ├── BulkNotThereError         a bulk cancellation is not where it was waited for
    │   └── ProblemError              the server says what is wrong
    │       ├── InvalidRequestError       the request is not what it must be
    │       ├── RunNotFoundError          no such run is known
    │       ├── BulkNotFoundError         no such bulk cancellation is known
    │       ├── LetterNotFoundError       no such dead letter is known
    │       ├── NoCancellationError       nobody has asked to cancel it
    │       ├── ConfirmationNeededError   it means so many that it has to be confirmed
    │       ├── RunFinishedError          it has ended, and finished is final
    │       ├── CancelRefusedError        the service has refused it
    │       ├── NotKnownError             nobody knows who asks
    │       ├── NotAllowedError           whoever asks may not do this
    │       ├── KeyUsedError              the key was used for another request
    │       ├── NotNowError               Kafka or the read model is away, or too many ask
    │       └── ServerBugError            the server has a bug
    ├── FlowImportError           the user's file or flow cannot be loaded
    ├── CommandFailedError        a command ended with an exit code other than 0
    ├── TaskCancelledError        ``.result()`` of a task run that was cancelled
    └── TaskFailedError           ``.result()`` of a task run that failed

``rescind.Cancelled`` is not here: it is what user code sees when it is interrupted, and a
``BaseException``, so that ``except Exception`` does not swallow it.
"""

from rescind.errors import http
from rescind.errors.access import TokenRefusedError
from rescind.errors.commands import (
    AlreadyUpError,
    AmbiguousIdError,
    CommandError,
    ExtraMissingError,
    FilesError,
    NoAnswerError,
    NotReadyError,
    UnknownBulkError,
    UnknownDeadLetterError,
    UnknownHookError,
    UnknownRunError,
    UnknownTaskError,
    UnknownTokenError,
)
from rescind.errors.embedded import (
    BrokerRunningError,
    BrokerStartError,
    DownloadError,
    PortTakenError,
)
from rescind.errors.executors import (
    ArgumentsNotSentError,
    AttemptHeldError,
    CannotInterruptError,
    ClusterError,
    ExecutorClosedError,
    ResultNotSentError,
    SupervisorError,
)
from rescind.errors.flows import (
    CommandFailedError,
    FlowImportError,
    ParametersError,
    TaskCancelledError,
    TaskFailedError,
    UnsupportedTaskError,
    WrongPlaceError,
)
from rescind.errors.http import *  # noqa: F403 - what its `__all__` has is in ours
from rescind.errors.infrastructure import (
    DeploymentError,
    InfrastructureError,
    NotMatchingError,
    NotStartedError,
    StillRunningError,
    UnauthorisedError,
    UnavailableError,
    UnsupportedError,
)
from rescind.errors.journal import (
    JournalError,
    NoTransitionError,
    UnknownEventError,
    UnreadableEventError,
    UnreadableStateError,
)
from rescind.errors.kafka import (
    BrokerError,
    BrokerRefusedError,
    BrokerUnavailableError,
    BrokerUnsupportedError,
    CommitLostError,
    FencedError,
    InstanceTakenError,
    OutOfRangeError,
    RecordTooLargeError,
    StalledError,
    TopicsError,
    TransactionFailedError,
    UncertainError,
)
from rescind.errors.readmodel import (
    CursorError,
    DatabaseUnavailableError,
    NewerSchemaError,
    OlderSchemaError,
    OtherJournalError,
    PositionMovedError,
    ReadModelError,
    ReadModelMissingError,
    RebuildOvertakenError,
)
from rescind.errors.root import RescindError, SettingsError
from rescind.errors.runners import (
    RefusedError,
    RunnerClosedError,
    RunnerError,
    RunnerLostError,
    WouldWaitError,
)

__all__: list[str] = [
    "AlreadyUpError",
    "AmbiguousIdError",
    "ArgumentsNotSentError",
    "AttemptHeldError",
    "BrokerError",
    "BrokerRefusedError",
    "BrokerRunningError",
    "BrokerStartError",
    "BrokerUnavailableError",
    "BrokerUnsupportedError",
    "CannotInterruptError",
    "ClusterError",
    "CommandError",
    "CommandFailedError",
    "CommitLostError",
    "CursorError",
    "DatabaseUnavailableError",
    "DeploymentError",
    "DownloadError",
    "ExecutorClosedError",
    "ExtraMissingError",
    "FencedError",
    "FilesError",
    "FlowImportError",
    "InfrastructureError",
    "InstanceTakenError",
    "JournalError",
    "NewerSchemaError",
    "NoAnswerError",
    "NoTransitionError",
    "NotMatchingError",
    "NotReadyError",
    "NotStartedError",
    "OlderSchemaError",
    "OtherJournalError",
    "OutOfRangeError",
    "ParametersError",
    "PortTakenError",
    "PositionMovedError",
    "ReadModelError",
    "ReadModelMissingError",
    "RebuildOvertakenError",
    "RecordTooLargeError",
    "RefusedError",
    "RescindError",
    "ResultNotSentError",
    "RunnerClosedError",
    "RunnerError",
    "RunnerLostError",
    "SettingsError",
    "StalledError",
    "StillRunningError",
    "SupervisorError",
    "TaskCancelledError",
    "TaskFailedError",
    "TokenRefusedError",
    "TopicsError",
    "TransactionFailedError",
    "UnauthorisedError",
    "UnavailableError",
    "UncertainError",
    "UnknownBulkError",
    "UnknownDeadLetterError",
    "UnknownEventError",
    "UnknownHookError",
    "UnknownRunError",
    "UnknownTaskError",
    "UnknownTokenError",
    "UnreadableEventError",
    "UnreadableStateError",
    "UnsupportedError",
    "UnsupportedTaskError",
    "WouldWaitError",
    "WrongPlaceError",
]

__all__ += http.__all__

# An error's kind stands in journals: it is named by where users import it from.
for _name in __all__:
    globals()[_name].__module__ = __name__
