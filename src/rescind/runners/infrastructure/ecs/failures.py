"""What the client of AWS raises, as one of ours: by the code that AWS says, else by its class.

A 5xx, a limit and no answer at all say nothing of what was asked for. What AWS knows nothing of, it
says in several ways, and only one of them is about a task.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rescind.errors import (
    InfrastructureError,
    NotMatchingError,
    NotStartedError,
    UnauthorisedError,
    UnavailableError,
    UnsupportedError,
)

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

__all__ = ["NoSuchStreamError", "NoSuchTaskError", "failures", "is_about_capacity"]

_NOT_NOW: Final = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "LimitExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServerException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
    }
)
_NO_RIGHTS: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "BlockedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    }
)
# Of whoever asks: none, half of them, some that ran out, or a profile that is not there. By name,
# since not every release that will do has all of these classes.
_NO_CREDENTIALS: Final = frozenset(
    {
        "CredentialRetrievalError",
        "LoginError",
        "NoAuthTokenError",
        "NoCredentialsError",
        "PartialCredentialsError",
        "ProfileNotFound",
        "SSOError",
        "TokenRetrievalError",
    }
)


class NoSuchTaskError(InfrastructureError):
    """ECS knows no such task in this cluster."""


class NoSuchStreamError(InfrastructureError):
    """CloudWatch knows no such log: nothing was printed yet, or it is elsewhere."""


@contextmanager
def failures(what: str, *, not_started: bool = False) -> Generator[None]:
    """Raise as one of ours what is raised in here; `what` was asked about."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _answered(what, error, not_started=not_started) from None
    # A ValueError is what it says of an address that is none.
    except (BotoCoreError, ValueError) as error:
        raise _unanswered(what, error, not_started=not_started) from None


def is_about_capacity(reason: str) -> bool:
    """Whether the same may start a moment later: there was no room for it, or no agent."""
    return reason.startswith(("RESOURCE", "AGENT", "EMPTY")) or "apacity is unavailable" in reason


def _answered(what: str, error: "ClientError", *, not_started: bool) -> InfrastructureError:
    told = error.response.get("Error", {})
    code, message = told.get("Code", ""), told.get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    said = f"AWS says {code}: {_one_line(message)}"
    if code in _NOT_NOW or status == 429 or status >= 500 or is_about_capacity(message):
        return UnavailableError(what, said)
    if code in _NO_RIGHTS or status in {401, 403}:
        return UnauthorisedError(what, said)
    if not_started:
        return NotStartedError(what, said)
    if code == "ClusterNotFoundException":
        # It may have been deleted, or be of a namesake of this account: its tasks are not seen.
        return NotMatchingError(what, said)
    if code == "ResourceNotFoundException":
        return NoSuchStreamError(what, said)
    if code == "InvalidParameterException" and "not found" in message:
        return NoSuchTaskError(what, said)
    return UnsupportedError(what, said)


def _unanswered(what: str, error: Exception, *, not_started: bool) -> InfrastructureError:
    from botocore import exceptions

    if not _NO_CREDENTIALS.isdisjoint(each.__name__ for each in type(error).__mro__):
        return UnauthorisedError(what, _one_line(error))
    match error:
        case exceptions.NoRegionError():
            return UnsupportedError(what, "no region is named; set AWS_REGION")
        case exceptions.ConnectionError() | exceptions.HTTPClientError():
            return UnavailableError(what, _one_line(error))
        case _:
            kind = NotStartedError if not_started else UnsupportedError
            return kind(what, _one_line(error))


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:500]
