"""The topics as a reader or a writer from outside meets them: key, content, who is there.

How a topic is configured is no business of the wire; whoever describes it brings that along.
"""

from dataclasses import dataclass
from typing import Final

from rescind.events.cancellations import tells_of_cancellations
from rescind.events.describe.asking import request_classes
from rescind.events.describe.effects import event_classes
from rescind.events.describe.jsonschema import description
from rescind.events.describe.schemas import type_of
from rescind.events.intents import Canary, Heartbeat, Inbox, Reminder
from rescind.events.requests.base import Lane
from rescind.events.states import FlowState, TaskState

__all__ = ["CHANNELS", "Channel", "Message", "requests_of"]


@dataclass(frozen=True, slots=True)
class Message:
    """One kind of record.

    Attributes:
        name: unique among all messages; the ``ce_type`` where there are headers.
        about: what it says, in a sentence.
        payload: where its schema is, as ``events.json#/$defs/flow.started.v1``; None where the
            value is the service's own.
        headers: which headers it has: those of a CloudEvent, those that a request may have,
            those of a dead letter, or none.

    """

    name: str
    about: str
    payload: str | None
    headers: str | None


@dataclass(frozen=True, slots=True)
class Channel:
    """One topic, by its name without the prefix.

    Attributes:
        name: as ``start-requests``.
        about: what it carries.
        key: what the key of its records is.
        written_by: who writes it.
        read_by: who reads it.
        action: what the service does with it: ``send``, ``receive``.
        messages: the kinds of records in it.

    """

    name: str
    about: str
    key: str
    written_by: str
    read_by: str
    action: str
    messages: tuple[Message, ...]


def requests_of(lane: Lane) -> tuple[Message, ...]:
    """The requests of a lane."""
    return tuple(
        Message(
            type_of(model),
            description(model),
            f"requests.json#/$defs/{model.__name__}",
            "Request",
        )
        for model in request_classes()
        if model.lane == lane
    )


_ENTRIES: Final = {
    type_of(model): Message(
        type_of(model),
        description(model),
        f"events.json#/$defs/{type_of(model)}",
        "CloudEvent",
    )
    for model in event_classes()
}


def _modelled(
    model: type[Inbox | Reminder | Heartbeat | Canary | FlowState | TaskState],
    document: str,
    headers: str | None,
) -> Message:
    return Message(
        model.type,
        description(model),
        f"{document}.json#/$defs/{model.__name__}",
        headers,
    )


def _own(name: str) -> tuple[Message, ...]:
    return (Message(name, "The service's own; it may change with every release.", None, None),)


_STREAM: Final = (
    "flow_run_id; runner_id for requests about a runner, bulk_id about a bulk cancellation"
)
_ENTRY_KEY: Final = (
    "flow_run_id, runner_id, bulk_id, or @partition for what belongs to none of them; the "
    "stream's partition"
)
_TASK_KEY: Final = "flow_run_id/task_run_id, on the partition of the flow run"

CHANNELS: Final = (
    Channel(
        "start-requests",
        "What starts work, read after what stops it.",
        f"{_STREAM}; may be missing, and any partition will do",
        "anyone who is allowed",
        "lifecycle",
        "receive",
        requests_of("start"),
    ),
    Channel(
        "stop-requests",
        "What stops or ends work, read first.",
        f"{_STREAM}; may be missing, and any partition will do",
        "anyone who is allowed",
        "lifecycle",
        "receive",
        requests_of("stop"),
    ),
    Channel(
        "journal",
        "Every event and every refusal, in order for each stream; the truth.",
        _ENTRY_KEY,
        "lifecycle",
        "audit, projections, agents, users",
        "send",
        tuple(_ENTRIES.values()),
    ),
    Channel(
        "flow-states",
        "The whole current state of each flow run.",
        "flow_run_id",
        "lifecycle",
        "users, UI",
        "send",
        (_modelled(FlowState, "states", "CloudEvent"),),
    ),
    Channel(
        "task-states",
        "The whole current state of each task run.",
        _TASK_KEY,
        "lifecycle",
        "users, UI",
        "send",
        (_modelled(TaskState, "states", "CloudEvent"),),
    ),
    Channel(
        "cancellations",
        "The journal's entries about cancellations of flow runs, of task runs that are "
        "cancelled alone, and bulk cancellations: a small stream.",
        "flow_run_id, or bulk_id",
        "lifecycle",
        "agents, users",
        "send",
        tuple(
            entry
            for name, entry in _ENTRIES.items()
            if any(tells_of_cancellations(name, of_task_run=of) for of in (False, True))
        ),
    ),
    Channel(
        "inbox",
        "What runners are told.",
        "runner_id, on the partition of the flow run",
        "lifecycle",
        "runners: the partitions of the flow runs they serve, filtered by key",
        "send",
        (_modelled(Inbox, "inbox", "CloudEvent"),),
    ),
    Channel(
        "heartbeats",
        "Signs of life; the broker's append time is what counts.",
        "runner_id; the service's own have none",
        "runners, agents, lifecycle",
        "agents, lifecycle",
        "receive",
        (_modelled(Heartbeat, "heartbeats", None), _modelled(Canary, "heartbeats", None)),
    ),
    Channel(
        "reminders",
        "What runners are told again after a heartbeat.",
        "runner_id",
        "agents",
        "runners",
        "send",
        (_modelled(Reminder, "reminders", None),),
    ),
    Channel(
        "dead-letters",
        "Requests that could not be read, byte for byte as they came.",
        "as it was read",
        "lifecycle, agents",
        "operators",
        "send",
        (Message("dead.letter", "The bytes of a request; the headers say why.", None, "Dead"),),
    ),
    Channel(
        "tokens",
        "Who may ask over HTTP: of each token what it is good for, and a digest of its secret.",
        "token_id",
        "operators, by `rescind tokens`",
        "servers",
        "send",
        _own("token"),
    ),
    Channel(
        "open-flows",
        "What a restart restores: flow runs, armed ids, bulk cancellations, the position in the "
        "lanes.",
        "flow_run_id, @bulk/bulk_id, or @position",
        "lifecycle",
        "lifecycle at restore",
        "send",
        _own("open.flow"),
    ),
    Channel(
        "open-tasks",
        "What a restart restores: task runs.",
        _TASK_KEY,
        "lifecycle",
        "lifecycle at restore",
        "send",
        _own("open.task"),
    ),
    Channel(
        "runners",
        "What a restart restores: runners.",
        "runner_id",
        "lifecycle",
        "lifecycle at restore, agents",
        "send",
        _own("open.runner"),
    ),
)
