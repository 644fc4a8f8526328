"""What the read model shows of a run once it has seen what the service has just answered."""

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

from rescind.errors import ReadModelError
from rescind.events.states import CancellationState
from rescind.server.api.subjects import Subject
from rescind.server.readmodel.reading import ReadModel
from rescind.statemachine.runs import Armed

__all__ = ["Shown", "look_until", "shown"]

T = TypeVar("T")

_PATIENCE_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.02


class Shown(NamedTuple):
    """A run's state, and the cancellation that holds for it; None for what is not known."""

    state: str | None = None
    is_finished: bool = False
    cancellation: CancellationState | None = None
    armed: Armed | None = None


def shown(model: ReadModel, subject: Subject) -> Shown:
    """Raises `ReadModelError`."""
    found = model.flow_row(subject.flow_run_id)
    if found is None or found.forgotten_at_ms is not None:
        return Shown(armed=model.armed_for(subject.flow_run_id))
    flow = found.state
    if subject.task_run_id is None:
        return Shown(flow.state, flow.is_finished, flow.cancellation)
    task = model.task_run(subject.flow_run_id, subject.task_run_id)
    if task is None:
        return Shown()
    return Shown(task.state, task.is_finished, task.cancellation or flow.cancellation)


async def look_until(look: Callable[[], T], is_there: Callable[[T], bool]) -> T | None:
    """What is seen once it is there; None if it is not within a second, or cannot be looked at.

    The journal has it when the service has answered, and the read model a moment later.
    """
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                seen = await asyncio.to_thread(look)
                if is_there(seen):
                    return seen
                await asyncio.sleep(_LOOK_SECONDS)
    except (TimeoutError, ReadModelError):
        return None
