"""Facts about a runner in one partition, where it is a stream of its own."""

from typing import Literal

from rescind.events.journal.base import Event
from rescind.events.words import Handle, Name, RunnerCapabilities, Text

__all__ = ["RunnerForgotten", "RunnerLeft", "RunnerLostRecorded", "RunnerRegistered"]


class RunnerRegistered(Event):
    """A runner announced itself in this partition."""

    type: Literal["runner.registered.v1"] = "runner.registered.v1"
    pool: Name
    scope: Name
    capabilities: RunnerCapabilities
    handle: Handle | None = None


class RunnerLeft(Event):
    """A runner went; what it still held is ended as lost."""

    type: Literal["runner.left.v1"] = "runner.left.v1"
    reason: Text = ""


class RunnerLostRecorded(Event):
    """A runner was given up. Should it come back, it is told so and starts anew."""

    type: Literal["runner.lost.v1"] = "runner.lost.v1"
    reason: Text = ""


class RunnerForgotten(Event):
    """The stub of a runner that is gone was dropped. Its id is unknown from now on."""

    type: Literal["runner.forgotten.v1"] = "runner.forgotten.v1"
