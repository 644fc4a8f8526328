"""How the server itself is."""

from collections.abc import Mapping

from pydantic import Field

from rescind.client.answers.words import Answer

__all__ = ["Alive", "Lag", "Ready"]


class Alive(Answer):
    """Whether the process answers. True if it does."""

    alive: bool = True
    why: str = ""
    """What is wrong if it does not."""

    def __bool__(self) -> bool:
        return self.alive


class Lag(Answer):
    """How far one partition of the read model is behind the journal."""

    offsets: int
    seconds: float


class Ready(Answer):
    """Whether Kafka takes requests and the read model keeps up. True if both are so."""

    ready: bool = True
    lag: Mapping[int, Lag] = Field(default_factory=dict[int, Lag])
    why: str = ""
    """What is wrong if it is not."""

    def __bool__(self) -> bool:
        return self.ready
