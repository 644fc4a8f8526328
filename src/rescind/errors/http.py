"""What was asked of the HTTP API by `rescind.client` was not done, or nobody knows if it was.

A problem that the server tells (RFC 9457) is a `ProblemError`, and its class says of which kind.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, cast

from rescind.errors.root import RescindError

__all__ = [
    "ApiError",
    "BulkNotFoundError",
    "BulkNotThereError",
    "CallError",
    "CancelRefusedError",
    "ConfirmationNeededError",
    "InvalidRequestError",
    "KeyUsedError",
    "LetterNotFoundError",
    "NoCancellationError",
    "NotAllowedError",
    "NotFinishedError",
    "NotKnownError",
    "NotNowError",
    "ProblemError",
    "RunFinishedError",
    "RunNotFoundError",
    "ServerBugError",
    "ServerUnavailableError",
    "UnexpectedAnswerError",
]

_SAID_CHARACTERS_MAX: Final = 1_000


def _line(text: str) -> str:
    """One line of it: what a server says may be anything."""
    flat = " ".join(text.split())
    if len(flat) <= _SAID_CHARACTERS_MAX:
        return flat
    return f"{flat[: _SAID_CHARACTERS_MAX - 1]}…"


class ApiError(RescindError):
    """What was asked of the HTTP API was not done, or nobody knows if it was."""


class CallError(ApiError):
    """The client was called with something that no request can be made of. Nothing was sent."""

    def __init__(self, name: str, expected: str, got: str) -> None:
        super().__init__(name, expected, got)
        self.name = name
        self.expected = expected
        self.got = got

    def __str__(self) -> str:
        got = _line(self.got)[:100]
        return f"expected {self.name} to be {self.expected}, but it is {got}; nothing was sent"


class ServerUnavailableError(ApiError):
    """Nothing has answered, or the answer did not arrive whole. It may have been done all the same.

    ``asked`` is the method and the path, ``where`` the address. Asking again is harmless.
    """

    def __init__(self, asked: str, where: str, why: str) -> None:
        super().__init__(asked, where, why)
        self.asked = asked
        self.where = where
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected an answer to {self.asked} from {self.where}, but {_line(self.why)}; "
            "see that `rescind server` or `rescind up` runs there, and ask again: that is harmless"
        )


class UnexpectedAnswerError(ApiError):
    """What has answered is no Rescind, something before it, or a release that says it otherwise."""

    def __init__(self, asked: str, where: str, status: int, why: str) -> None:
        super().__init__(asked, where, status, why)
        self.asked = asked
        self.where = where
        self.status = status
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected an answer of Rescind to {self.asked}, but {self.where} answered "
            f"{self.status} and {_line(self.why)}; see that the address is the one that "
            "`rescind up` or `rescind server` prints"
        )


class NotFinishedError(ApiError):
    """A flow run has not ended within the time that was given; ``state`` is None if none is known.

    It goes on, and so does its cancellation if there is one.
    """

    def __init__(self, flow_run_id: str, seconds: float, state: str | None) -> None:
        super().__init__(flow_run_id, seconds, state)
        self.flow_run_id = flow_run_id
        self.seconds = seconds
        self.state = state

    def __str__(self) -> str:
        seen = "nobody has said what it is" if self.state is None else f"it is {self.state}"
        return (
            f"expected flow run {self.flow_run_id!r} to end within {self.seconds:g} s, but {seen}; "
            "wait longer, or look at its cancellation for who is waited for"
        )


class BulkNotThereError(ApiError):
    """A bulk cancellation is not where it was waited for in the time that was given.

    It goes on as it is.
    """

    def __init__(self, bulk_id: str, wanted: str, seconds: float, state: str | None) -> None:
        super().__init__(bulk_id, wanted, seconds, state)
        self.bulk_id = bulk_id
        self.wanted = wanted
        self.seconds = seconds
        self.state = state

    def __str__(self) -> str:
        seen = "nobody has said what it is" if self.state is None else f"it is {self.state}"
        return (
            f"expected bulk cancellation {self.bulk_id!r} to be {self.wanted} within "
            f"{self.seconds:g} s, but {seen}; wait longer, or see that `rescind agents` run"
        )


class ProblemError(ApiError):
    """The server says what is wrong. Its classes are kinds of it; a newer kind is this one.

    Attributes:
        asked: the method and the path.
        status: of the answer.
        said: the whole problem as it came.
        retry_after_seconds: when the server wants to be asked again, if it has said so.

    """

    else_remedy: ClassVar[str] = ""
    """What to do where the server does not say."""

    def __init__(
        self,
        asked: str,
        status: int,
        said: Mapping[str, Any],
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(asked, status, dict(said), retry_after_seconds)
        self.asked = asked
        self.status = status
        self.said: Mapping[str, Any] = dict(said)
        self.retry_after_seconds = retry_after_seconds

    @property
    def type(self) -> str:
        """For programs, such as ``urn:rescind:problem:finished``."""
        return self._text("type") or "about:blank"

    @property
    def title(self) -> str:
        return self._text("title") or ""

    @property
    def detail(self) -> str:
        return self._text("detail") or self.title

    @property
    def code(self) -> str | None:
        """Of a refusal by the service."""
        return self._text("code")

    @property
    def state(self) -> str | None:
        """Of a run that has ended."""
        return self._text("state")

    @property
    def remedy(self) -> str | None:
        return self._text("remedy") or self.else_remedy or None

    @property
    def request_id(self) -> str | None:
        """Of the request in the journal, where the service itself has refused it."""
        return self._text("request_id")

    @property
    def errors(self) -> tuple[tuple[str, str], ...]:
        """Of a request that is not what it must be: ``(where, message)`` of each thing."""
        match self.said.get("errors"):
            case [*found]:
                wrong = (cast("dict[str, Any]", one) for one in found if isinstance(one, dict))
                return tuple((str(one.get("where")), str(one.get("message"))) for one in wrong)
            case _:
                return ()

    def _text(self, name: str) -> str | None:
        value = self.said.get(name)
        return value if isinstance(value, str) else None

    def __str__(self) -> str:
        # The server's detail has the form already.
        told = f"{_line(self.detail)}; {self.asked} was answered {self.status}"
        return told + (f": {_line(self.remedy)}" if self.remedy else "")


class InvalidRequestError(ProblemError):
    """The request is not what it must be; `errors` says where."""


class RunNotFoundError(ProblemError):
    """No such run is known, as far as the read model has read the journal."""


class LetterNotFoundError(ProblemError):
    """No such dead letter is known, or it is not kept any more."""

    else_remedy = "`list_dead_letters()` has those that are kept"


class NoCancellationError(ProblemError):
    """Nobody has asked to cancel it."""


class BulkNotFoundError(ProblemError):
    """No such bulk cancellation is known, as far as the read model has read the journal."""


class ConfirmationNeededError(ProblemError):
    """It means so many flow runs, `count`, that whoever starts it has to say how many."""

    @property
    def count(self) -> int | None:
        """How many flow runs it means."""
        value = self.said.get("count")
        return value if isinstance(value, int) else None


class RunFinishedError(ProblemError):
    """It has ended, and finished is final; `state` says how."""


class CancelRefusedError(ProblemError):
    """The service has refused it; `code` says why, `remedy` what to do."""


class NotKnownError(ProblemError):
    """Nobody knows who asks: there was no token, or none that is good."""

    else_remedy = "make the client with `token=…`; `rescind tokens create` makes one"


class NotAllowedError(ProblemError):
    """Whoever asks may not do this, or not from there."""


class KeyUsedError(ProblemError):
    """The idempotency key was used for another request about this run."""


class NotNowError(ProblemError):
    """Not at present: Kafka or the read model is away, or too many ask. It was tried again."""

    else_remedy = "ask again; that is harmless"


class ServerBugError(ProblemError):
    """The server has a bug; what was asked may have had its effect all the same."""
