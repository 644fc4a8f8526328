"""Task runs to register, as an engine's owner writes them down."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from rescind.events import intents
from rescind.events import requests as wire
from rescind.events.refusals import Code
from rescind.events.words import CascadePolicy
from rescind.runners.client.hearing.answers import Refusal
from rescind.runners.client.living.tools import Tools
from rescind.runners.client.sending.checking import checked
from rescind.runners.client.sending.outbox import Head

__all__ = ["TaskSpec", "register"]


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """One task run. With `child_flow_run_id` it stands for a flow run of its own, in its parent.

    Ids have 1 to 128 characters, no control characters, no ``/``, and begin not with ``@``.
    """

    task_run_id: str
    name: str = "task"
    child_flow_run_id: str | None = None
    cascade: CascadePolicy = CascadePolicy.WAIT

    def item(self) -> wire.TaskSpec:
        """The item of a ``task.register``. Raises `ValueError` for an id that no run can have."""
        return checked(
            lambda: wire.TaskSpec(
                task_run_id=self.task_run_id,
                name=self.name,
                kind="task" if self.child_flow_run_id is None else "child",
                child_flow_run_id=self.child_flow_run_id,
                cascade=self.cascade,
            )
        )


async def register(tools: Tools, head: Head, specs: Iterable[TaskSpec | str]) -> list[Refusal]:
    """Register task runs in batches; the refusals, without those of what is known already."""
    items = [(TaskSpec(spec) if isinstance(spec, str) else spec).item() for spec in specs]
    placed = [
        tools.start_lane.put_item(head, item.model_dump_json(exclude_defaults=True).encode())
        for item in items
    ]
    told = await asyncio.gather(*map(tools.waiting.expect, placed))
    return [
        Refusal.told(head.type, each)
        for each in told
        if isinstance(each, intents.Refusal) and each.code is not Code.DUPLICATE
    ]
