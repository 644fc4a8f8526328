"""A runner cannot do what was asked of it, or is asked where it cannot be."""

from rescind.errors.root import RescindError

__all__ = ["RefusedError", "RunnerClosedError", "RunnerError", "RunnerLostError", "WouldWaitError"]


class RunnerError(RescindError):
    """A runner cannot do what was asked of it."""


class RefusedError(RunnerError):
    """The service refused what a runner asked; ``code`` is one of the closed list of refusals."""

    def __init__(self, asked: str, code: str, message: str, remedy: str) -> None:
        super().__init__(asked, code, message, remedy)
        self.asked = asked
        self.code = code
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        # The service's message has the form already.
        return f"{self.message}; {self.asked} was refused ({self.code}): {self.remedy}"


class RunnerLostError(RunnerError):
    """The service has given this runner up: nothing of what it holds is its own any more."""

    def __init__(self, runner_id: str, reason: str) -> None:
        super().__init__(runner_id, reason)
        self.runner_id = runner_id
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"expected {self.runner_id!r} to be a living runner, but it was given up "
            f"({self.reason}); end what it holds, then call `renew()`"
        )


class RunnerClosedError(RunnerError):
    """A runner's client was used before it was entered, or after it was left."""

    def __init__(self, did: str) -> None:
        super().__init__(did)
        self.did = did

    def __str__(self) -> str:
        return (
            f"expected {self.did} inside `with RunnerClient(...)`, but the client is not open; "
            "enter it first, and use it before it is left"
        )


class WouldWaitError(RunnerError):
    """A callback of the event loop called something that only the event loop could answer."""

    def __init__(self, did: str) -> None:
        super().__init__(did)
        self.did = did

    def __str__(self) -> str:
        return (
            f"expected {self.did} in a thread of yours, but it was called in the event loop, "
            "which would wait for itself; hand it over to a thread"
        )
