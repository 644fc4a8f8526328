"""What hooks are told of cancellations: one closed set of kinds, and one shape for all of them.

It is the body of a webhook and the argument of a Python hook. Everything in it follows from the
journal, so whichever process tells it, and however often, it is the same, `id` included.
"""

import string
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import Field

from rescind.events.journal.flow import Account
from rescind.events.moments import Moment
from rescind.events.words import Actor, ChosenId, Labels, Mode, Name, Text, Wire

__all__ = ["HOOKS_GROUP", "HookEvent", "HookKind", "HookPlace", "hook_event_id"]

HOOKS_GROUP: Final = "rescind.hooks"
"""The group of entry points by which a package offers a Python hook."""

_PLAIN: Final = frozenset((string.ascii_letters + string.digits + "-_@").encode())


class HookKind(StrEnum):
    """What can be told. All are about flow runs.

    Attributes:
        meaning: what is the case when it is told.

    """

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> Self:
        kind = str.__new__(cls, value)
        kind._value_ = value
        kind.meaning = meaning
        return kind

    CANCELLING = "flow.cancelling", "A cancellation has begun: nothing more of the flow run starts."
    CANCELLED = "flow.cancelled", "The flow run is over: its last task run has ended."
    FAILED = (
        "flow.failed",
        "A flow run that was being cancelled has ended, as failed, crashed or timed out.",
    )
    STUCK = (
        "flow.stuck",
        "A cancellation is not over five seconds after its deadline, or there is a quarantine.",
    )
    UNCONFIRMED = (
        "flow.unconfirmed",
        "It has ended, and nobody has seen some of its task runs stop: they may still run.",
    )
    TEST = "hook.test", "Somebody tries the hook: `rescind hooks test`."


class HookPlace(Wire):
    """Where the event lies in the topic `cancellations`."""

    model_config = Wire.model_config | {"extra": "ignore"}

    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]


class HookEvent(Wire):
    """What a hook is told. What is not known, or does not fit the kind, is left out."""

    # Receivers of an older release go on when a newer one says more.
    model_config = Wire.model_config | {"extra": "ignore"}

    id: Annotated[str, Field(min_length=1)]
    """The same each time that this is told: what to dedupe by."""
    type: HookKind
    """Which kind it is, as `flow.cancelled`."""
    at: Moment
    """When it happened, by the broker's clock."""
    flow_run_id: ChosenId | None = None
    """Which flow run it is about; only a test has none."""
    version: int | None = None
    """Of the flow run: of two events, the one with the higher version is the later one."""
    name: Name | None = None
    """Of the flow run; not there in what an earlier release has written."""
    namespace: Name | None = None
    """Likewise."""
    labels: Labels = Field(default_factory=dict)
    """Likewise."""
    cancellation_id: str | None = None
    """Which cancellation it is."""
    bulk_id: ChosenId | None = None
    """The bulk cancellation that it is part of."""
    actor: Actor | None = None
    """Who asked for the cancellation."""
    reason: Text = ""
    """Why, in the words of who asked."""
    mode: Mode | None = None
    """`graceful` or `abort`, as it was asked for."""
    named_end: Literal["cancelled", "failed", "crashed", "timed_out"] | None = None
    """What the flow run becomes: other than `cancelled` if the service or its runner began this."""
    deadline_at: Moment | None = None
    """When what can be stopped is over."""
    account: Account | None = None
    """What became of its task runs; there when it has ended."""
    body_unconfirmed: bool | None = None
    """Nobody has seen its body stop, which the account does not count; else not there."""
    why: Literal["deadline", "quarantine"] | None = None
    """For what it is stuck."""
    event_id: str | None = None
    """The journal's event from which this follows: `rescind journal tail --flow ID` shows it."""
    position: HookPlace | None = None
    """Where that lies in the topic `cancellations`."""

    def to_json(self) -> bytes:
        """The body of a webhook: the same bytes for the same event."""
        return self.model_dump_json(exclude_none=True).encode()

    def fits(self, namespaces: tuple[str, ...], labels: Mapping[str, str]) -> bool:
        """Whether it is of one of these namespaces (none: of any) and has all of these labels."""
        return (not namespaces or self.namespace in namespaces) and all(
            self.labels.get(key) == value for key, value in labels.items()
        )


def hook_event_id(event_id: str, kind: HookKind) -> str:
    """The id to dedupe by: made of the journal event's and the kind, and fit for a header.

    A full stop divides what is signed, so there is none in it.
    """
    text = f"{event_id}-{kind.value.partition('.')[2]}"
    return "".join(chr(each) if each in _PLAIN else f"%{each:02X}" for each in text.encode())
