"""An executor cannot run an attempt, or not here."""

from rescind.errors.runners import RunnerError

__all__ = [
    "ArgumentsNotSentError",
    "AttemptHeldError",
    "CannotInterruptError",
    "ClusterError",
    "ExecutorClosedError",
    "ResultNotSentError",
    "SupervisorError",
]


class CannotInterruptError(RunnerError):
    """This executor cannot do its work here, or only a part of it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected a place where running work can be interrupted, but {self.why}; "
            "start it from the main thread of a plain Linux process, or choose another executor"
        )


class AttemptHeldError(RunnerError):
    """An executor was given an attempt that it has already: one attempt runs once."""

    def __init__(self, attempt: str) -> None:
        super().__init__(attempt)
        self.attempt = attempt

    def __str__(self) -> str:
        return (
            f"expected an attempt that is not held yet, but {self.attempt} is; "
            "give another try of it the next attempt number"
        )


class ExecutorClosedError(RunnerError):
    """An executor was given work after its shutdown."""

    def __init__(self, executor: str) -> None:
        super().__init__(executor)
        self.executor = executor

    def __str__(self) -> str:
        return f"expected an open executor, but {self.executor!r} was shut down; make a new one"


class SupervisorError(RunnerError):
    """No process could be made to look after work; what it wrote on stderr says why."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected a supervisor process for the work, but {self.why}; see what it wrote on "
            "stderr, and the limits of this machine for processes and memory"
        )


class ClusterError(RunnerError):
    """A Dask cluster cannot be used: nothing answers there, or not as it has to."""

    def __init__(self, cluster: str, why: str) -> None:
        super().__init__(cluster, why)
        self.cluster = cluster
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected a Dask cluster {self.cluster} that can do work, but {self.why}; its "
            "scheduler and workers need this release of rescind and the modules of the flow"
        )


class ArgumentsNotSentError(RunnerError):
    """A call cannot be sent to a process of its own."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name = name
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected a function and arguments that can be pickled for {self.name!r}, but "
            f"{self.why}; open files, sockets and locks inside the task, or run it in threads"
        )


class ResultNotSentError(RunnerError):
    """What a call returned cannot be sent back from its process."""

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(kind, why)
        self.kind = kind
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected a result that can be pickled, but the {self.kind} cannot: {self.why}; "
            "return plain data, or where it is kept"
        )
