"""Requests about bulk cancellations, as they are sent, and as they should not be."""

from random import Random
from typing import Any, Final

from rescind.events.moments import moment_to_text
from rescind.events.requests import Clock
from rescind.statemachine.clocks import bulk_clocks
from rescind.statemachine.runs import Bulk
from tests.model.luck import often, pick
from tests.model.picking import FLOWS, Words
from tests.world import World

__all__ = ["BULK_KINDS"]

BULKS: Final = ("b1", "b2")
_CODES: Final = (None, None, "already_finished", "already_cancelling", "stale")


def _bulk_id(world: World, chance: Random, *states: str) -> str:
    """Mostly one that is in one of these states."""
    fitting = [key for key, bulk in world.base.bulks.items() if bulk.state in states]
    return pick(chance, fitting) if fitting and often(chance) else pick(chance, BULKS)


def create(_world: World, chance: Random) -> Words:
    words: Words = {"bulk_id": pick(chance, BULKS), "where": {"names": ["flow"]}}
    if chance.random() < 0.3:
        words |= {"mode": "abort", "runs_per_second": 5}
    return words


def count(world: World, chance: Random) -> Words:
    cut = [{"partition": 0, "until": moment_to_text(world.now_ms)}]
    count = pick(chance, (0, 2, 3, 1_000))
    return {"bulk_id": _bulk_id(world, chance, "Draft"), "count": count, "cut": cut}


def start(world: World, chance: Random) -> Words:
    words: Words = {"bulk_id": _bulk_id(world, chance, "Draft.Counted")}
    return words | ({"confirmed_count": 1_000} if often(chance) else {})


def pause(world: World, chance: Random) -> Words:
    return {"bulk_id": _bulk_id(world, chance, "Running")}


def resume(world: World, chance: Random) -> Words:
    return {"bulk_id": _bulk_id(world, chance, "Paused")}


def stop(world: World, chance: Random) -> Words:
    return {"bulk_id": _bulk_id(world, chance, "Running", "Paused")}


def progress(world: World, chance: Random) -> Words:
    words: Words = {"bulk_id": _bulk_id(world, chance, "Running", "Paused")}
    bulk = world.base.bulks.get(words["bulk_id"])
    if bulk is not None and bulk.cursor is not None and often(chance):
        words["after"] = bulk.cursor.model_dump(mode="json")
    if often(chance):
        items = [_item(chance) for _ in range(chance.randrange(1, 4))]
        name, at = items[-1]["flow_run_id"], moment_to_text(world.now_ms)
        words |= {"items": items, "cursor": {"registered_at": at, "flow_run_id": name}}
    return words | {"last": chance.random() < 0.2}


def _item(chance: Random) -> Words:
    code = pick(chance, _CODES)
    said: Words = {"flow_run_id": pick(chance, FLOWS), "event_id": "stop-0-1-0"}
    return said if code is None else said | {"code": code}


def forget(world: World, chance: Random) -> Words:
    known = {key: due for key, bulk in world.base.bulks.items() if (due := _due(world, bulk))}
    if not known or not often(chance):
        return {"bulk_id": pick(chance, BULKS), "due_at": moment_to_text(world.now_ms)}
    bulk_id = pick(chance, list(known))
    if often(chance):
        world.now_ms = max(world.now_ms, known[bulk_id])
    return {"bulk_id": bulk_id, "due_at": moment_to_text(known[bulk_id])}


def _due(world: World, bulk: Bulk) -> int | None:
    return bulk_clocks(bulk, world.policy).get(Clock.FORGET)


BULK_KINDS: Final[dict[str, Any]] = {
    "bulk.create": create,
    "bulk.count": count,
    "bulk.start": start,
    "bulk.pause": pause,
    "bulk.resume": resume,
    "bulk.stop": stop,
    "bulk.progress": progress,
    "bulk.forget": forget,
}
