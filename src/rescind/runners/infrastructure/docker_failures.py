"""What a Docker engine's client raises, as errors of ours: which pass, and which do not."""

import os
import socket
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rescind.errors import (
    InfrastructureError,
    NotStartedError,
    UnauthorisedError,
    UnavailableError,
    UnsupportedError,
)

if TYPE_CHECKING:
    from docker.errors import APIError

__all__ = ["GoneError", "docker_failures", "knock"]


class GoneError(InfrastructureError):
    """The engine knows no such container."""


def knock() -> None:
    """Raises `OSError` or `UnavailableError`, as the client would, which leaves its socket open."""
    address = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    if not address.startswith("unix://"):
        return
    with socket.socket(socket.AF_UNIX) as knocking:
        try:
            knocking.connect(address.removeprefix("unix://"))
        except (FileNotFoundError, ConnectionRefusedError):
            why = f"none listens at {address}; start one, or set DOCKER_HOST"
            raise UnavailableError("the Docker engine", why) from None


@contextmanager
def docker_failures(what: str, *, not_started: bool = False) -> Generator[None]:
    """What the client raises, as one of ours."""
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException

    try:
        yield
    except APIError as error:
        raise _failure(what, error, not_started=not_started) from None
    except (DockerException, RequestException, OSError) as error:
        if any(isinstance(cause, PermissionError) for cause in _causes(error)):
            raise UnauthorisedError(what, "its socket is not open to this user") from None
        raise UnavailableError(what, _one_line(error)) from None


def _failure(what: str, error: "APIError", *, not_started: bool) -> InfrastructureError:
    code = 0 if error.response is None else error.response.status_code
    said = _one_line(error.explanation or error)
    if code in {401, 403}:
        return UnauthorisedError(what, said)
    # 500 is also what an engine says that is going down, or out of memory.
    if code == 429 or (code >= 500 and code != 501 and not not_started):
        return UnavailableError(what, f"the engine says {code}: {said}")
    if not_started:
        return NotStartedError(what, said)
    if code == 404:
        return GoneError(what, said)
    return UnsupportedError(what, f"the engine says {code}: {said}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it was made of: requests keeps some as arguments."""
    seen: set[int] = set()
    todo: list[object] = [error]
    while todo:
        each = todo.pop()
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            yield each
            todo += [each.__cause__, each.__context__, *each.args]


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:500]
