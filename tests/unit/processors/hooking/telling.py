"""An event that is told in tests, and a hook that is told it."""

from typing import Any, Final

from rescind.events.hooks import HookEvent, HookKind, HookPlace
from rescind.processors.hooking.ledger import Item
from rescind.processors.hooking.notices import MARKS, Notice
from rescind.settings.hooks import Hook
from tests.sink import SECRET, Sink

__all__ = ["EVENT", "notice", "webhook"]

EVENT: Final = HookEvent(
    id="stop-0-7-0-cancelled",
    type=HookKind.CANCELLED,
    at=1_700_000_000_000,
    flow_run_id="f",
    position=HookPlace(partition=0, offset=7),
)


def notice(offset: int, flow_run_id: str = "f") -> Notice:
    """Something to tell of a flow run, that follows from this record."""
    changed = {
        "id": f"stop-0-{offset}-0-cancelled",
        "flow_run_id": flow_run_id,
        "position": HookPlace(partition=0, offset=offset),
    }
    event = EVENT.model_copy(update=changed)
    return Notice(Item(offset, MARKS[HookKind.CANCELLED]), event, flow_run_id.encode())


def webhook(receiver: Sink, **more: Any) -> Hook:
    """That posts to this receiver."""
    return Hook.model_validate(
        {"url": receiver.url, "secret": SECRET, "timeout_seconds": 30} | more
    )
