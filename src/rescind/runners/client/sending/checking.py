"""What would be unreadable to the service never leaves: nobody could answer it."""

from collections.abc import Callable
from typing import TypeVar

from pydantic import ValidationError

from rescind.events.requests import Unreadable, read_request
from rescind.events.requests.wording import sentence_of

__all__ = ["check_request", "checked"]

T = TypeVar("T")


def checked(make: Callable[[], T]) -> T:
    """What `make` makes. Raises `ValueError`, in a sentence, if the wire does not allow it."""
    try:
        return make()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise ValueError(f"{where}: {sentence_of(first)}") from None


def check_request(value: bytes) -> None:
    """Raise `ValueError`, in a sentence, if this is no request of the wire."""
    read = read_request(value)
    if isinstance(read, Unreadable):
        raise ValueError(f"{read.path}: {read.message}")  # noqa: TRY004 - of its content
