"""Bulk cancellations: what each means, how far it is, and what came of each flow run."""

from collections.abc import Mapping

from pydantic import AwareDatetime, Field

from rescind.client.answers.runs import HaltShown
from rescind.client.answers.words import (
    Actor,
    Answer,
    KnownBulkOutcome,
    KnownCascade,
    KnownMode,
)

__all__ = ["BulkAnswer", "BulkCancellation", "BulkItem", "BulkProgress", "BulkWhere", "Cut"]


class BulkWhere(Answer):
    """Which flow runs are meant: of those that have not ended, the ones that fit all of this.

    Without anything in it, all of them.
    """

    labels: Mapping[str, str] = Field(default_factory=dict[str, str])
    """All of these, with these values."""
    names: tuple[str, ...] = ()
    """One of these."""
    namespaces: tuple[str, ...] = ()
    """One of these."""
    states: tuple[str, ...] = ()
    """One of these; ``Running`` with what is being cancelled."""
    parent: str | None = None
    """The flow run that they are children of."""


class Cut(Answer):
    """Of this partition, what was registered later is never asked."""

    partition: int
    until: AwareDatetime


class BulkProgress(Answer):
    """How far it is."""

    asked: int
    """How many flow runs were asked."""
    of: int
    """How many were meant when they were counted; what has ended since is not asked."""
    outcomes: Mapping[str, int] = Field(default_factory=dict[str, int])
    """How many of each: ``took_effect``, or the code of a refusal."""
    last_asked_at: AwareDatetime | None = None
    per_second: float | None = None
    """Its pace since it was started or resumed, while it runs."""
    seconds_left: float | None = None
    """How long it takes at this pace, while it runs."""


class BulkCancellation(Answer):
    """A bulk cancellation, as the read model has it."""

    bulk_id: str
    state: str
    """As ``Draft.Counted``, ``Running``, ``Paused``, ``Finished.Completed``."""
    is_finished: bool
    version: int
    where: BulkWhere
    reason: str = ""
    mode: KnownMode
    grace_seconds: float | None = None
    deadline_seconds: float | None = None
    cascade: KnownCascade | None = None
    runs_per_second: float | None = None
    created_at: AwareDatetime
    created_by: Actor | None = None
    started_at: AwareDatetime | None = None
    started_by: Actor | None = None
    finished_at: AwareDatetime | None = None
    forgotten_at: AwareDatetime | None = None
    """When the service forgot it: the id is free again."""
    count: int | None = None
    """How many flow runs it means; none before they are counted."""
    samples: tuple[str, ...] = ()
    """The first of them, in the order of registration."""
    cut: tuple[Cut, ...] = ()
    needs_confirmation: bool = False
    """Whether it means so many that a start has to say ``confirmed_count``."""
    progress: BulkProgress | None = None
    """None before it is started."""
    halt: HaltShown | None = None


class BulkItem(Answer):
    """What came of one flow run that was asked."""

    number: int
    """In the order in which they were asked, from 0 on."""
    flow_run_id: str
    outcome: str
    """``took_effect``, or the code of a refusal."""
    event_id: str
    """The event, or the refusal, that answered it in the flow run's stream."""
    at: AwareDatetime
    name: str | None = None
    state: str | None = None
    """Of the flow run as it is now; none if it is not known any more."""


class BulkAnswer(Answer):
    """What came of asking for something of a bulk cancellation."""

    outcome: KnownBulkOutcome
    message: str
    """The same in a sentence."""
    bulk_id: str
    request_id: str
    bulk_cancellation: BulkCancellation | None = None
    """As it is then; none if the read model does not show it yet."""
