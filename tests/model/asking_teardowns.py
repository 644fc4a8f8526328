"""Runners that can be ended from outside, those that end them, and what they say of it."""

from random import Random
from typing import Final

from rescind.statemachine.runs import FlowRun
from tests.model.luck import often, pick
from tests.model.picking import FLOWS, Words, flow_id
from tests.world import World

__all__ = ["handle", "infrastructure_report", "runner_register"]

SCOPES: Final = ("engine:x", "engine:y")


def handle(runner_id: str, scope: str = SCOPES[0], exclusive_to: str | None = FLOWS[0]) -> Words:
    """By what a runner can be ended."""
    words: Words = {"kind": "docker", "scope": scope, "identity": {"id": runner_id}}
    return words if exclusive_to is None else words | {"exclusive_to": exclusive_to}


def runner_register(runner_id: str, chance: Random) -> Words:
    """Most of them can be ended, for one flow run; half of them end others."""
    words: Words = {"runner_id": runner_id}
    if chance.random() < 0.8:
        words["handle"] = _some_handle(runner_id, chance)
    if chance.random() < 0.5:
        words |= {"scope": _scope(chance), "capabilities": {"can_tear_down": True}}
    return words


def infrastructure_report(world: World, chance: Random, anyone: str) -> Words:
    """Mostly of a teardown that was ordered, by a runner that could do it."""
    flow_run_id, target = flow_id(world, chance), anyone
    about = _some_handle(target, chance)
    ordered = [flow for flow in world.base.flows.values() if flow.teardowns]
    if ordered and often(chance):
        flow = pick(chance, ordered)
        flow_run_id, target = flow.flow_run_id, _target(flow, chance)
        if often(chance):
            about = flow.teardowns[target].handle.model_dump(mode="json", exclude_none=True)
    able = list(world.base.able.get(about["scope"], {}))
    return {
        "flow_run_id": flow_run_id,
        "runner_id": pick(chance, able) if able and often(chance) else anyone,
        "target_runner_id": target,
        "outcome": pick(chance, ("started", "failed", "done", "done")),
        "handle": about,
    }


def _target(flow: FlowRun, chance: Random) -> str:
    """Mostly one that is still waited for."""
    under_way = [target for target, known in flow.teardowns.items() if known.over is None]
    return pick(chance, under_way if under_way and often(chance) else list(flow.teardowns))


def _some_handle(runner_id: str, chance: Random) -> Words:
    exclusive_to = pick(chance, FLOWS[:2]) if often(chance) else None
    return handle(runner_id, _scope(chance), exclusive_to)


def _scope(chance: Random) -> str:
    return SCOPES[0] if often(chance) else SCOPES[1]
