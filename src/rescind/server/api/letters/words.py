"""What is said of a dead letter."""

import base64
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import BaseModel, StringConstraints

from rescind.events.words import Moment
from rescind.processors.letters.reading import Letter

__all__ = ["DeadLetter", "DeadLetterWhole", "LetterHeader", "Lies", "Place", "RetryAnswer"]

Place = Annotated[str, StringConstraints(max_length=40, pattern=r"^[0-9]{1,6}:[0-9]{1,18}$")]


class Lies(BaseModel):
    """Where a record lay when it could not be read, answered or told."""

    topic: str
    partition: int
    offset: int


class DeadLetter(BaseModel):
    """One of a list."""

    place: str
    """``PARTITION:OFFSET`` in the topic of dead letters."""
    at: Moment
    code: str
    """Why: the code of the refusal, or ``not_taken`` by a hook."""
    why: str
    lay_in: Lies
    is_whole: bool
    """False: only its beginning is kept."""

    @classmethod
    def of(cls, letter: Letter) -> Self:
        return cls(**_about(letter))


class LetterHeader(BaseModel):
    """A header that the record came with; a name may come more than once."""

    name: str
    value_base64: str


class DeadLetterWhole(DeadLetter):
    """One, with its bytes: key, headers and value may be anything."""

    key_base64: str | None
    headers: tuple[LetterHeader, ...]
    value_base64: str | None
    value: dict[str, Any] | None
    """What it says, if that is an object in JSON."""

    @classmethod
    def of(cls, letter: Letter) -> Self:
        body, record = letter.body, letter.record
        return cls(
            **_about(letter),
            key_base64=_base64(record.key),
            headers=tuple(
                LetterHeader(name=name, value_base64=base64.b64encode(value).decode())
                for name, value in letter.said.headers
            ),
            value_base64=_base64(record.value),
            value=body if isinstance(body, dict) and _is_json(body) else None,
        )


class RetryAnswer(BaseModel):
    """What came of asking the same once more."""

    outcome: Literal["done", "refused", "accepted"]
    """``accepted``: Kafka has it, and nobody has answered within two seconds."""
    message: str
    events: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    """Of refusals among these."""


def _about(letter: Letter) -> dict[str, Any]:
    said = letter.said
    return {
        "place": letter.place,
        "at": letter.record.timestamp_ms,
        "code": said.code,
        "why": said.why,
        "lay_in": Lies(topic=said.topic, partition=said.partition, offset=said.offset),
        "is_whole": said.bytes_of_all is None,
    }


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _is_json(body: dict[str, Any]) -> bool:
    """Whether it can be written again: JSON that was read may hold half of a surrogate pair."""
    try:
        orjson.dumps(body)
    except (TypeError, ValueError):
        return False
    return True
