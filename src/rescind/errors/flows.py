"""Flows and tasks: they cannot be loaded or run as they are, or have no result."""

from rescind.errors.root import RescindError
from rescind.errors.runners import RunnerError

__all__ = [
    "CommandFailedError",
    "FlowImportError",
    "ParametersError",
    "TaskCancelledError",
    "TaskFailedError",
    "UnsupportedTaskError",
    "WrongPlaceError",
]


class FlowImportError(RescindError):
    """The file or the flow that was named cannot be loaded.

    ``target`` is as it was given, ``why`` what is wrong with it.
    """

    def __init__(self, target: str, why: str) -> None:
        super().__init__(target, why)
        self.target = target
        self.why = why

    def __str__(self) -> str:
        return f"expected {self.target!r} to name a flow, as FILE:FLOW, but {self.why}"


class UnsupportedTaskError(RunnerError):
    """A task or flow that cannot be run as it is, or was given what it cannot take."""

    def __init__(self, name: str, why: str, remedy: str) -> None:
        super().__init__(name, why, remedy)
        self.name = name
        self.why = why
        self.remedy = remedy

    def __str__(self) -> str:
        return (
            f"expected a task or flow that can be run, but {self.name!r} {self.why}; {self.remedy}"
        )


class ParametersError(RunnerError):
    """A flow was given parameters that it does not take, or not all that it needs."""

    def __init__(self, flow: str, why: str, signature: str) -> None:
        super().__init__(flow, why, signature)
        self.flow = flow
        self.why = why
        self.signature = signature

    def __str__(self) -> str:
        return f"expected the parameters of {self.flow}{self.signature}, but {self.why}"


class WrongPlaceError(RunnerError):
    """Something was called where it cannot work: in a task, a thread, another flow run."""

    def __init__(self, expected: str, place: str, remedy: str) -> None:
        super().__init__(expected, place, remedy)
        self.expected = expected
        self.place = place
        self.remedy = remedy

    def __str__(self) -> str:
        return f"expected {self.expected}, but this is {self.place}; {self.remedy}"


class CommandFailedError(RescindError):
    """A command ended with an exit code other than 0; negative is the signal that ended it."""

    def __init__(self, name: str, exit_code: int, output: str) -> None:
        super().__init__(name, exit_code, output)
        self.name = name
        self.exit_code = exit_code
        self.output = output

    def __str__(self) -> str:
        said = self.output.strip().splitlines()[-1:]
        last = f"; the last it said: {said[0][:500]}" if said else ""
        return f"expected exit code 0 of {self.name!r}, but it is {self.exit_code}{last}"


class TaskCancelledError(RescindError):
    """The result of a task run was asked for, but it was cancelled.

    ``how`` says in what way: gracefully, by force, before it had begun.
    """

    def __init__(self, name: str, task_run_id: str, how: str = "") -> None:
        super().__init__(name, task_run_id, how)
        self.name = name
        self.task_run_id = task_run_id
        self.how = how

    def __str__(self) -> str:
        how = f" ({self.how})" if self.how else ""
        return f"expected a result of {self.name!r}, but {self.task_run_id!r} was cancelled{how}"


class TaskFailedError(RescindError):
    """The result of a task run was asked for, but it failed.

    ``kind`` is the name of its exception's type, ``Refused`` or ``TimedOut``; the exception itself
    is the cause, where it could be brought along. ``story`` is its traceback in words: none comes
    along from another process.
    """

    def __init__(
        self, name: str, task_run_id: str, kind: str, message: str, story: str = ""
    ) -> None:
        super().__init__(name, task_run_id, kind, message, story)
        self.name = name
        self.task_run_id = task_run_id
        self.kind = kind
        self.message = message
        self.story = story

    def __str__(self) -> str:
        return (
            f"expected a result of {self.name!r}, but {self.task_run_id!r} failed: "
            f"{self.kind}: {self.message}"
        )
