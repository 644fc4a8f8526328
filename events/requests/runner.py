"""Requests by which runners come and go, one partition at a time."""

from typing import ClassVar, Literal

from rescind.events.requests.base import Lane, RunnerScoped
from rescind.events.words import Handle, Name, RunnerCapabilities, Text

__all__ = ["RunnerLeave", "RunnerRegister"]


class RunnerRegister(RunnerScoped):
    """A runner announces itself in one partition, before its first other request there."""

    lane: ClassVar[Lane] = "start"

    type: Literal["runner.register"] = "runner.register"
    pool: Name = "default"
    scope: Name = "unknown"
    capabilities: RunnerCapabilities = RunnerCapabilities()
    handle: Handle | None = None


class RunnerLeave(RunnerScoped):
    """A runner goes. What it still holds is lost with it."""

    lane: ClassVar[Lane] = "stop"

    type: Literal["runner.leave"] = "runner.leave"
    reason: Text = ""
