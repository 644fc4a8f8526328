"""Dead letters: what could not be read, answered or told, as it came."""

from collections.abc import Mapping
from typing import Any

from pydantic import AwareDatetime

from rescind.client.answers.words import Answer

__all__ = ["DeadLetter", "DeadLetterWhole", "LetterHeader", "Lies", "RetryAnswer"]


class Lies(Answer):
    """Where it lay."""

    topic: str
    partition: int
    offset: int


class DeadLetter(Answer):
    """One of a list."""

    place: str
    """``PARTITION:OFFSET``, by which it is asked for."""
    at: AwareDatetime
    code: str
    """Why: the code of a refusal, or ``not_taken`` by a hook."""
    why: str
    lay_in: Lies
    is_whole: bool
    """False: only its beginning is kept."""


class LetterHeader(Answer):
    """A header that it came with; a name may come more than once."""

    name: str
    value_base64: str


class DeadLetterWhole(DeadLetter):
    """One, with its bytes in base64: key, headers and value may be anything."""

    key_base64: str | None = None
    headers: tuple[LetterHeader, ...] = ()
    value_base64: str | None = None
    value: Mapping[str, Any] | None = None
    """What it says, if that is an object in JSON."""


class RetryAnswer(Answer):
    """What came of asking the same once more."""

    outcome: str
    """``done``, ``refused``, or ``accepted``: nobody has answered yet."""
    message: str
    events: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    """Of refusals among these."""
