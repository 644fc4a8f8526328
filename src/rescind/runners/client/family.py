"""The start of a child: in its parent's stream first, and only with that grant in its own.

So a child of a cancelling parent is never begun. What is granted and not used is given back: the
service then sees to it that the child never begins, and the parent does not wait for it.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from rescind.events.refusals import Code
from rescind.events.words import ParentLink
from rescind.runners.client.hearing.answers import Grant, Refusal
from rescind.runners.client.run import Run
from rescind.runners.client.specs import TaskSpec

__all__ = ["Parents", "begin_child"]

# The parent is being cancelled, or the task run that stands for the child is over already.
_NEVER = {Code.CANCELLING, Code.ALREADY_FINISHED}


class Parents:
    """Flow runs that are served here only for as long as children of them are registered."""

    def __init__(self, join: Callable[[str], Awaitable[Run]]) -> None:
        self._join = join
        self._joined: dict[str, Run] = {}
        self._joining = asyncio.Lock()
        self._users: Counter[str] = Counter()

    @asynccontextmanager
    async def serving(self, flow_run_id: str, served: object) -> AsyncGenerator[Run, None]:
        """The run to ask by: the one that this runner has, if `served` is one, or one for now."""
        if isinstance(served, Run) and flow_run_id not in self._users:
            yield served
            return
        self._users[flow_run_id] += 1
        try:
            async with self._joining:
                if flow_run_id not in self._joined:
                    self._joined[flow_run_id] = await self._join(flow_run_id)
            yield self._joined[flow_run_id]
        finally:
            self._users[flow_run_id] -= 1
            if not self._users[flow_run_id]:
                del self._users[flow_run_id]
                joined = self._joined.pop(flow_run_id, None)
                if joined is not None:
                    joined.close()


async def begin_child(
    above: Run,
    link: ParentLink,
    spec: TaskSpec,
    register: Callable[[ParentLink], Awaitable[Refusal | None]],
) -> Refusal | None:
    """Register a child in its parent's stream, have it granted, and `register` it in its own.

    Returns why it was not begun, if somebody asked to cancel it, or its parent, before.
    Raises `RefusedError` if it may not be begun for another reason.
    """
    granted = await _granted(above, spec)
    if isinstance(granted, Refusal):
        return granted
    try:
        refusal = await register(link.model_copy(update={"ancestors": granted.ancestors}))
    except BaseException:
        above.give_back(granted)
        raise
    if refusal is None:
        above.hand_over(granted)
        return None
    above.give_back(granted)
    if refusal.code in _NEVER:
        return refusal
    raise refusal.error()


async def _granted(above: Run, spec: TaskSpec) -> Grant | Refusal:
    for refusal in await above.register([spec]):
        raise refusal.error()
    while True:
        told = await above.start(spec.task_run_id)
        if isinstance(told, Refusal):
            if told.code in _NEVER:
                return told
            raise told.error()
        if await above.may_begin(told):
            return told
        if told.is_usable():
            above.give_back(told)
            why = "expected a parent that starts children, but it is being cancelled"
            return Refusal("task.start", Code.CANCELLING, why, above.flow_run_id, told.task_run_id)
