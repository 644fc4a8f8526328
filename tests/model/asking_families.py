"""Requests about children, as runners and other partitions send them, and as they should not."""

from random import Random

from tests.model.luck import often, pick
from tests.model.picking import CASCADES, FLOWS, TASKS, Words, all_tasks, flow_id
from tests.world import World

__all__ = ["child_finished", "edge", "spec"]


def edge(chance: Random) -> Words:
    """Mostly the one edge: most flow runs are children of the same parent elsewhere."""
    above = pick(chance, FLOWS) if chance.random() < 0.1 else "p1"
    return {"flow_run_id": above, "task_run_id": "c1" if often(chance) else "c2"}


def spec(chance: Random) -> Words:
    words: Words = {"task_run_id": pick(chance, TASKS)}
    if chance.random() < 0.3:
        child = pick(chance, FLOWS) if chance.random() < 0.1 else f"c-{words['task_run_id']}"
        words |= {"kind": "child", "child_flow_run_id": child, "cascade": pick(chance, CASCADES)}
    return words


def child_finished(world: World, chance: Random) -> Words:
    open_ones = [task for task in all_tasks(world) if task.child and task.end is None]
    end = pick(chance, ("success", "failed", "crashed", "timed_out", "cancelled"))
    if open_ones and often(chance):
        task = pick(chance, open_ones)
        assert task.child is not None
        edge = (task.flow_run_id, task.task_run_id, task.child.flow_run_id)
    else:
        edge = (flow_id(world, chance), pick(chance, TASKS), "c-t1")
    words = dict(zip(("flow_run_id", "task_run_id", "child_flow_run_id"), edge, strict=True))
    return words | {"end": end, "stopped_confirmed": often(chance)}
