"""Who is taken to ask by HTTP, as the journal has it."""

from typing import Annotated, Final

from fastapi import Depends

from rescind.events.words import Actor

__all__ = ["Asker"]

_THE_API: Final = Actor(kind="service", id="http-api")


def _asker() -> Actor:
    """The API itself: nobody has to say who they are yet.

    A credential will name somebody here. The request is signed with the service's key, so what
    stands here is attested: it must never be what a caller says of itself.
    """
    return _THE_API


Asker = Annotated[Actor, Depends(_asker)]
