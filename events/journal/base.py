"""What every event is: frozen, closed, and versioned in its type.

An event says what happened, never what to do next, and is never edited: a new shape is a new
class with the next version in its ``type``. Where it happened and who caused it stands in the
envelope around it (`entry`), not in its own fields.
"""

from typing import ClassVar

from rescind.events.words import Wire

__all__ = ["Event", "UnversionedEvent"]


class Event(Wire):
    """A fact that changes the state of its stream, and so raises its version."""

    versioned: ClassVar[bool] = True


class UnversionedEvent(Event):
    """A fact that is kept and changes no state: a refusal, a late report."""

    versioned: ClassVar[bool] = False
