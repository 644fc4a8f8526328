"""Infrastructure cannot be started, ended or looked at: why, and whether it is worth another try.

`code` is what a report of a teardown says; a code never changes its meaning.
"""

from typing import ClassVar

from rescind.errors.runners import RunnerError

__all__ = [
    "DeploymentError",
    "InfrastructureError",
    "NotMatchingError",
    "NotStartedError",
    "StillRunningError",
    "UnauthorisedError",
    "UnavailableError",
    "UnsupportedError",
]


class InfrastructureError(RunnerError):
    """A job could not be started, ended or looked at. ``what`` names it, ``why`` says the rest."""

    code: ClassVar[str] = "failed"
    is_transient: ClassVar[bool] = False
    """Whether the same may work a moment later, with nothing changed by anybody."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(what, why)
        self.what = what
        self.why = why

    def __str__(self) -> str:
        return f"expected to reach {self.what}, but {self.why}"


class UnauthorisedError(InfrastructureError):
    """Whoever asked may not do that here."""

    code = "unauthorised"

    def __str__(self) -> str:
        return (
            f"expected the rights over {self.what}, but {self.why}; "
            "run this as somebody who has them"
        )


class UnsupportedError(InfrastructureError):
    """That cannot be done here, however often it is asked."""

    code = "unsupported"

    def __str__(self) -> str:
        return f"expected {self.what} to be something that can be done here, but {self.why}"


class UnavailableError(InfrastructureError):
    """No answer, or one that says: not now. Nothing is known of what was asked for."""

    code = "unavailable"
    is_transient = True

    def __str__(self) -> str:
        return f"expected an answer about {self.what}, but {self.why}"


class NotMatchingError(InfrastructureError):
    """What is named is not of this place, or is not what was started: it is not touched.

    And it is not known to be gone: that it is not here says nothing.
    """

    code = "not_matching"

    def __str__(self) -> str:
        return f"expected {self.what} to be a job of this place, but {self.why}"


class StillRunningError(InfrastructureError):
    """It was killed, and is still seen to run."""

    code = "still_running"
    is_transient = True

    def __str__(self) -> str:
        return f"expected {self.what} to be gone once it was killed, but {self.why}"


class NotStartedError(InfrastructureError):
    """A job could not be started, and nothing of it is left."""

    code = "not_started"

    def __str__(self) -> str:
        return f"expected {self.what} to start, but {self.why}"


class DeploymentError(InfrastructureError):
    """The file that says how jobs are started cannot be read as one; ``what`` is its path."""

    code = "deployment"

    def __str__(self) -> str:
        return f"expected {self.what} to say how jobs are started, but {self.why}"
