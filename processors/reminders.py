"""The agent that tells runners again: the fallback for an intent that was missed.

After a heartbeat that names a flow run which is cancelling, or whose task run in this runner's
hands is, and of which this runner has not acknowledged anything, a reminder goes out; so a
cancellation works although an inbox cannot be read. It never raises: an exception that leaves a
Faust agent loses the event.
"""

from typing import Any

import structlog
from pydantic import ValidationError

from rescind.errors import BrokerError
from rescind.events.intents import CancelFlow, CancelTask, Heartbeat, Lost, Reminder
from rescind.kafka.records import OutRecord
from rescind.processors.measuring.agents import AgentMeters
from rescind.processors.on_faust.committed import CommittedApp
from rescind.processors.shared.tools import Asking
from rescind.processors.watching.cancelling import Cancelling
from rescind.processors.watching.registry import Registry

__all__ = ["add_reminders", "reminder_for"]

_log = structlog.get_logger(__name__)


def reminder_for(
    heartbeat: Heartbeat, cancelling: Cancelling, registry: Registry
) -> Reminder | None:
    """What this runner has to be told again, if anything."""
    lost = registry.is_gone(heartbeat.runner_id)
    missed: list[CancelFlow | CancelTask] = []
    if cancelling.is_current:
        missed = cancelling.missed_by(heartbeat.runner_id, list(heartbeat.flow_run_ids))
    if not (lost or missed):
        return None
    return Reminder(
        runner_id=heartbeat.runner_id,
        cancel_flow=tuple(intent for intent in missed if isinstance(intent, CancelFlow)),
        cancel_task=tuple(intent for intent in missed if isinstance(intent, CancelTask)),
        lost=Lost(reason="this runner was given up") if lost else None,
    )


def add_reminders(
    app: CommittedApp,
    tools: Asking,
    cancelling: Cancelling,
    registry: Registry,
    meters: AgentMeters,
) -> None:
    """Put the agent on the app."""
    heartbeats = app.topic(tools.topics.heartbeats, value_type=bytes, value_serializer="raw")

    @app.agent(heartbeats, concurrency=1, name="reminders")
    async def remind(stream: Any) -> None:
        async for value in stream:
            try:
                heartbeat = Heartbeat.model_validate_json(value)
            except ValidationError:
                continue  # A canary, or a stranger's.
            reminder = reminder_for(heartbeat, cancelling, registry)
            if reminder is not None:
                await send(reminder)

    async def send(reminder: Reminder) -> None:
        record = OutRecord(
            tools.topics.reminders,
            reminder.runner_id.encode(),
            reminder.model_dump_json(exclude_none=True).encode(),
        )
        try:
            await tools.send_all([record])
        except BrokerError as error:
            _log.warning("a reminder could not be sent", error=str(error))
        else:
            meters.reminded()
