"""Every error that Rescind raises, as one tree.

    RescindError
    ├── SettingsError             a setting is missing or wrong
    ├── BrokerError               Kafka cannot be used as it is
    │   ├── BrokerUnavailableError    nothing answers at the address
    │   ├── BrokerUnsupportedError    something answers, but too old or too new
    │   ├── PortTakenError            an embedded broker cannot listen where it should
    │   ├── DownloadError             the embedded broker's files cannot be had or are not the pinned ones
    │   └── TopicsError               topics are missing or differ from what the design needs
    ├── JournalError              the journal cannot be read as a journal
    │   ├── NoTransitionError         an event that the run's state has no edge for
    │   ├── UnknownEventError         written by a newer release than this one
    │   └── UnreadableEventError      not an event at all
    ├── RunnerError               a runner cannot do what was asked of it
    │   ├── RefusedError              the service refused a request of this runner
    │   ├── CannotInterruptError      this executor cannot work here (no free main thread)
    │   └── FlowImportError           the user's file or flow cannot be loaded
    ├── TaskCancelledError        ``.result()`` of a task run that was cancelled
    └── TaskFailedError           ``.result()`` of a task run that failed

``rescind.Cancelled`` is not here: it is what user code sees when it is interrupted, and a
``BaseException``, so that ``except Exception`` does not swallow it.
"""

__all__ = ["RescindError"]


class RescindError(Exception):
    """The root: catch it to catch everything that Rescind raises on purpose."""
