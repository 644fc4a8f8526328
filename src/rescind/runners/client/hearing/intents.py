"""What the service orders: stop this flow run, this attempt, that infrastructure; or: you are lost.

Each comes once, however often and by whatever way it is told (inbox, the answer to a start, a
reminder). An escalation to abort is an order of its own. Whoever gets one acknowledges it within
a second, then stops what it can, and reports each attempt's real end.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from pydantic import JsonValue

from rescind.events import intents as wire
from rescind.events.words import Actor, Handle, Mode
from rescind.runners.client.hearing.answers import Grant
from rescind.runners.client.sending.reported import Reported

__all__ = ["AttemptRef", "CancelFlow", "CancelTask", "Intent", "Lost", "StopInfrastructure"]

AttemptRef: TypeAlias = "str | tuple[str, int] | Grant"
"""An attempt: its grant, or a task run's id with the attempt's number, or the id alone (the
attempt of it that is held, else the first)."""


class Acknowledger(Protocol):
    """Sends what an intent has to say; the intent itself is data."""

    def acknowledge(
        self,
        intent: "CancelFlow | CancelTask",
        held: Iterable[AttemptRef] | None,
        cannot_stop: Iterable[AttemptRef],
        more: bool,
    ) -> Reported:
        """Send the acknowledgement of a cancellation."""
        ...

    def report_teardown(
        self,
        intent: "StopInfrastructure",
        outcome: Literal["started", "done", "failed"],
        code: str,
        message: str,
        evidence: dict[str, JsonValue] | None,
    ) -> Reported:
        """Send what became of a teardown."""
        ...


@dataclass(frozen=True, slots=True)
class CancelFlow:
    """Stop all you hold of this flow run and start no more of it.

    `read_at_seconds` is by the runner's own clock (`boot_seconds`): the grace counts from there.
    `deadline_at_ms` is milliseconds since 1970 by the broker's clock, and not yours to keep.
    `traceparent` is what spans of what is done about it go below, and what its reports carry.
    """

    flow_run_id: str
    cancellation_id: str
    mode: Mode
    grace_seconds: float
    deadline_at_ms: int
    reason: str
    actor: Actor | None
    read_at_seconds: float
    acknowledger: Acknowledger = field(repr=False, compare=False)
    traceparent: str | None = field(default=None, compare=False)

    def acknowledge(
        self,
        held: Iterable[AttemptRef] | None = None,
        cannot_stop: Iterable[AttemptRef] = (),
        *,
        more: bool = False,
    ) -> Reported:
        """Say what is held of it and which of that cannot be stopped; await it to know it sent.

        `held` None: what was granted to this runner and has not ended, as the client knows it.
        What is left out of `held` counts as not held: the service ends it. It goes out after the
        reports that were made before it, so an attempt is held until Kafka has its report.

        `more`: there will be another one. Say at once what is held, and what cannot be stopped
        when that is known; only after the one without `more` does an attempt count as not held.
        """
        return self.acknowledger.acknowledge(self, held, cannot_stop, more)

    @classmethod
    def told(
        cls,
        intent: wire.CancelFlow,
        read_at: float,
        acknowledger: Acknowledger,
        traceparent: str | None = None,
    ) -> "CancelFlow":
        """The intent of a record that was read at this moment."""
        return cls(
            flow_run_id=intent.flow_run_id,
            cancellation_id=intent.cancellation_id,
            mode=intent.mode,
            grace_seconds=intent.grace_seconds,
            deadline_at_ms=intent.deadline_at,
            reason=intent.reason,
            actor=intent.actor,
            read_at_seconds=read_at,
            acknowledger=acknowledger,
            traceparent=traceparent or intent.traceparent,
        )


@dataclass(frozen=True, slots=True)
class CancelTask:
    """Stop this attempt; the rest of the flow run goes on. Times as in `CancelFlow`."""

    flow_run_id: str
    task_run_id: str
    attempt: int
    cancellation_id: str
    mode: Mode
    grace_seconds: float
    deadline_at_ms: int
    reason: str
    actor: Actor | None
    read_at_seconds: float
    acknowledger: Acknowledger = field(repr=False, compare=False)
    traceparent: str | None = field(default=None, compare=False)

    def acknowledge(
        self,
        held: Iterable[AttemptRef] | None = None,
        cannot_stop: Iterable[AttemptRef] = (),
        *,
        more: bool = False,
    ) -> Reported:
        """Say whether the attempt is held and can be stopped, as `CancelFlow.acknowledge`."""
        return self.acknowledger.acknowledge(self, held, cannot_stop, more)

    @classmethod
    def told(
        cls,
        intent: wire.CancelTask,
        read_at: float,
        acknowledger: Acknowledger,
        traceparent: str | None = None,
    ) -> "CancelTask":
        """The intent of a record that was read at this moment."""
        return cls(
            flow_run_id=intent.flow_run_id,
            task_run_id=intent.task_run_id,
            attempt=intent.attempt,
            cancellation_id=intent.cancellation_id,
            mode=intent.mode,
            grace_seconds=intent.grace_seconds,
            deadline_at_ms=intent.deadline_at,
            reason=intent.reason,
            actor=intent.actor,
            read_at_seconds=read_at,
            acknowledger=acknowledger,
            traceparent=traceparent or intent.traceparent,
        )


@dataclass(frozen=True, slots=True)
class StopInfrastructure:
    """End another runner's infrastructure from outside: it was lost, or the deadline has struck.

    Told to a runner of the handle's scope that `can_tear_down` and stands by (`RunnerClient.
    stand_by`). What is not found there counts as ended, so look for the whole identity. It is told
    again, to another one too, until somebody reports it done.
    """

    flow_run_id: str
    target_runner_id: str
    handle: Handle
    cancellation_id: str | None
    grace_seconds: float
    read_at_seconds: float
    acknowledger: Acknowledger = field(repr=False, compare=False)
    traceparent: str | None = field(default=None, compare=False)

    def report(
        self,
        outcome: Literal["started", "done", "failed"],
        *,
        code: str = "",
        message: str = "",
        evidence: dict[str, JsonValue] | None = None,
    ) -> Reported:
        """Say what became of it; after ``failed`` the same order comes again, later and later.

        Only ``done`` ends what waits for it: that it was seen to be gone, by this `evidence`.
        """
        return self.acknowledger.report_teardown(self, outcome, code, message, evidence)

    @classmethod
    def told(
        cls,
        intent: wire.StopInfrastructure,
        read_at: float,
        acknowledger: Acknowledger,
        traceparent: str | None = None,
    ) -> "StopInfrastructure":
        """The intent of a record that was read at this moment."""
        return cls(
            flow_run_id=intent.flow_run_id,
            target_runner_id=intent.target_runner_id,
            handle=intent.handle,
            cancellation_id=intent.cancellation_id,
            grace_seconds=intent.grace_seconds,
            read_at_seconds=read_at,
            acknowledger=acknowledger,
            traceparent=traceparent or intent.traceparent,
        )


@dataclass(frozen=True, slots=True)
class Lost:
    """The service has given this runner up: kill what it holds, then `RunnerClient.renew`."""

    runner_id: str
    reason: str


Intent: TypeAlias = CancelFlow | CancelTask | StopInfrastructure | Lost
