"""Every situation that a request about a bulk cancellation can meet, and every such request."""

from typing import Any, Final

from tests.bulks import (
    MANY,
    completed,
    counted,
    created,
    forgets_bulk,
    item,
    paused,
    progress,
    running,
    stopped_bulk,
)
from tests.scenario import Step

__all__ = ["BULK_REQUESTS", "BULK_SITUATIONS"]

_AT_F1: Final = {"registered_at": "2026-11-22T12:00:00.000Z", "flow_run_id": "f1"}
_AT_F2: Final = {**_AT_F1, "flow_run_id": "f2"}
_F2: Final = {"flow_run_id": "f2", "event_id": "stop-0-7-0"}

BULK_SITUATIONS: Final[dict[str, tuple[Step, ...]]] = {
    "unknown": (),
    "Draft": (created,),
    "Draft.Counted": (created, counted()),
    "Draft.Counted, many": (created, counted(MANY)),
    "Running": running,
    "Running, f1 asked": (*running, progress(item("f1"))),
    "Paused": (*running, paused),
    "Paused, f1 asked": (*running, progress(item("f1")), paused),
    "Stopped before it was counted": (created, stopped_bulk),
    "Stopped, f1 asked": (*running, progress(item("f1")), stopped_bulk),
    "Completed": completed,
    "Completed, forgotten": (*completed, forgets_bulk),
}

BULK_REQUESTS: Final[dict[str, dict[str, Any]]] = {
    "bulk.create": {"where": {"names": ["nightly"]}},
    "bulk.start": {},
    "bulk.start, confirmed": {"confirmed_count": MANY},
    "bulk.start, fewer confirmed": {"confirmed_count": MANY - 1},
    "bulk.pause": {},
    "bulk.resume": {},
    "bulk.stop": {},
    "bulk.count": {"count": 2},
    "bulk.progress from the beginning": {"items": [_F2], "cursor": _AT_F2},
    "bulk.progress after f1": {"after": _AT_F1, "items": [_F2], "cursor": _AT_F2},
    "bulk.progress after f1, the last": {
        "after": _AT_F1,
        "items": [_F2],
        "cursor": _AT_F2,
        "last": True,
    },
    "bulk.progress after f1, none left": {"after": _AT_F1, "last": True},
    "bulk.progress, none at all": {"last": True},
    "bulk.forget": {"due_at": "?"},
}
