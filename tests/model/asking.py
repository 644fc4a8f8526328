"""Requests as runners, people and the service itself might send them, and as they should not.

Each kind looks at the state and mostly asks what fits it: random words alone would nearly all
be refused at the first check. The rest is wrong in one thing: the owner, the attempt, the run.
Chance is an argument, so that Hypothesis can shrink it and a seed can repeat it.
"""

from collections.abc import Callable
from random import Random
from typing import Final

from rescind.events.moments import moment_to_text
from rescind.events.requests import Clock
from rescind.statemachine.clocks import flow_clocks, runner_clocks, task_clocks
from tests.model.asking_bulks import BULK_KINDS
from tests.model.asking_families import child_finished, edge, spec
from tests.model.asking_teardowns import infrastructure_report, runner_register
from tests.model.luck import often, pick
from tests.model.picking import (
    CASCADES,
    FLOWS,
    NOW,
    RUNNERS,
    TASKS,
    Words,
    all_tasks,
    flow_id,
)
from tests.world import World

__all__ = ["FLOWS", "KINDS", "RUNNERS", "Words"]


def _tasks(world: World, chance: Random, flow_run_id: str, state: str) -> list[tuple[str, int]]:
    """Some task runs with an attempt, mostly such that are in this state."""
    known = world.base.tasks.get(flow_run_id, {}).values()
    fitting = [task for task in known if task.state.startswith(state)]
    if fitting and often(chance):
        some = [task for task in fitting if chance.random() < 0.5] or [pick(chance, fitting)]
        return [(task.task_run_id, task.attempt if often(chance) else 1) for task in some]
    return [(pick(chance, (*TASKS, "body")), chance.randrange(1, 3))]


def _holder(world: World, chance: Random, flow_run_id: str, task_run_id: str) -> str:
    task = world.base.tasks.get(flow_run_id, {}).get(task_run_id)
    if task is not None and task.runner_id is not None and often(chance):
        return task.runner_id
    return _runner(world, chance)


def _runner(world: World, chance: Random) -> str:
    """Mostly one that lives, and of those one of two: or nobody would ever meet."""
    living = [name for name, known in world.base.runners.items() if known.state == "Registered"]
    return pick(chance, living[:2]) if living and often(chance) else pick(chance, RUNNERS)


def _new_runner(world: World, chance: Random) -> str:
    unknown = [name for name in RUNNERS if name not in world.base.runners]
    return unknown[0] if unknown and often(chance) else pick(chance, RUNNERS)


def _owner(world: World, chance: Random, flow_run_id: str) -> str:
    flow = world.base.flows.get(flow_run_id)
    if flow is not None and flow.runner_id is not None and often(chance):
        return flow.runner_id
    return _runner(world, chance)


def flow_register(world: World, chance: Random) -> Words:
    words: Words = {"flow_run_id": pick(chance, FLOWS)}
    if chance.random() < 0.3:
        words["parent"] = edge(chance)
    if chance.random() < 0.3:
        words["runner_id"] = _runner(world, chance)
    if chance.random() < 0.2:
        words["clocks"] = {"deadline_seconds": 5, "abort_seconds": 2}
    return words


def flow_start(world: World, chance: Random) -> Words:
    words: Words = {"flow_run_id": flow_id(world, chance, "Pending")}
    words["runner_id"] = _owner(world, chance, words["flow_run_id"])
    if chance.random() < 0.6:
        words["body"] = {"task_run_id": "body" if often(chance) else pick(chance, TASKS)}
    return words


def flow_finish(world: World, chance: Random) -> Words:
    flow_run_id = flow_id(world, chance, "Running", "Running.Cancelling")
    end = pick(chance, ("success", "failed", "crashed", "timed_out", "cancelled"))
    owner = _owner(world, chance, flow_run_id)
    return {"flow_run_id": flow_run_id, "runner_id": owner, "end": end}


def flow_cancel(world: World, chance: Random) -> Words:
    words: Words = {"flow_run_id": flow_id(world, chance)}
    if chance.random() < 0.3:
        words["mode"] = "abort"
    if chance.random() < 0.4:
        words["request_id"] = f"cancel-{chance.randrange(3)}"
    if chance.random() < 0.3:
        words["deadline_seconds"] = chance.randrange(40)
    if chance.random() < 0.2:
        words["named_end"] = "timed_out"
        words["runner_id"] = pick(chance, RUNNERS)
    if chance.random() < 0.3:
        words["cascade"] = pick(chance, CASCADES)
    if chance.random() < 0.1:
        until_ms = world.now_ms - chance.randrange(3) * 5_000
        words |= {"bulk_id": "b1", "registered_until": moment_to_text(until_ms)}
    if chance.random() < 0.3:
        words["parent"] = edge(chance)
        words["only_unregistered"] = chance.random() < 0.3
        words["flow_run_id"] = pick(chance, FLOWS)
    return words


def task_register(world: World, chance: Random) -> Words:
    items = [spec(chance) for _ in range(chance.randrange(1, 5))]
    return {"flow_run_id": flow_id(world, chance, "Running", "Pending"), "items": items}


def task_start(world: World, chance: Random) -> Words:
    flow_run_id = flow_id(world, chance, "Running")
    tasks = _tasks(world, chance, flow_run_id, "Pending")
    items = [{"task_run_id": task_run_id, "attempt": attempt} for task_run_id, attempt in tasks]
    return {"flow_run_id": flow_run_id, "runner_id": _runner(world, chance), "items": items}


def task_finish(world: World, chance: Random) -> Words:
    flow_run_id = flow_id(world, chance, "Running", "Running.Cancelling")
    tasks = _tasks(world, chance, flow_run_id, "Running")
    items = [_end(world, chance, name, attempt) for name, attempt in tasks]
    holder = _holder(world, chance, flow_run_id, tasks[0][0])
    return {"flow_run_id": flow_run_id, "runner_id": holder, "items": items}


def _end(world: World, chance: Random, task_run_id: str, attempt: int) -> Words:
    ends = ("success", "success", "cancelled", "failed", "failed", "crashed", "timed_out")
    words: Words = {"task_run_id": task_run_id, "attempt": attempt, "end": pick(chance, ends)}
    if chance.random() < 0.3:
        words["retry_at"] = moment_to_text(world.now_ms + 1_000)
    if chance.random() < 0.3:
        words["how"] = pick(chance, ("graceful", "forced", "never_started", "deadline"))
        words["stopped_confirmed"] = chance.random() < 0.5
    return words


def task_cancel(world: World, chance: Random) -> Words:
    flow_run_id = flow_id(world, chance, "Running")
    task_run_id, _ = _tasks(world, chance, flow_run_id, "Running")[0]
    words: Words = {"flow_run_id": flow_run_id, "task_run_id": task_run_id}
    if chance.random() < 0.3:
        words["mode"] = "abort"
    if chance.random() < 0.3:
        words["request_id"] = f"cancel-{chance.randrange(3)}"
    return words


def acknowledge(world: World, chance: Random) -> Words:
    flow_run_id = flow_id(world, chance, "Running.Cancelling")
    known = world.base.tasks.get(flow_run_id, {}).values()
    holders = [t.runner_id for t in known if t.state.startswith("Running") and t.runner_id]
    runner_id = pick(chance, holders) if holders and often(chance) else _runner(world, chance)
    held = [
        {"task_run_id": task.task_run_id, "attempt": task.attempt, "can_stop": often(chance)}
        for task in known
        if (task.runner_id == runner_id or not often(chance)) and often(chance)
    ]
    return {
        "flow_run_id": flow_run_id,
        "runner_id": runner_id,
        "cancellation_id": NOW if often(chance) else "stop-9-9-9",
        "last": often(chance),
        "held": held,
    }


def task_stopping(world: World, chance: Random) -> Words:
    flow_run_id = flow_id(world, chance, "Running", "Running.Cancelling")
    tasks = _tasks(world, chance, flow_run_id, "Running")
    items = [
        {"task_run_id": name, "attempt": attempt, "rung": "interrupt", "after_ms": 1}
        for name, attempt in tasks
    ]
    holder = _holder(world, chance, flow_run_id, tasks[0][0])
    return {"flow_run_id": flow_run_id, "runner_id": holder, "items": items}


def task_cleanup(world: World, chance: Random) -> Words:
    flow_run_id = flow_id(world, chance)
    task_run_id, attempt = _tasks(world, chance, flow_run_id, "Running")[0]
    return {
        "flow_run_id": flow_run_id,
        "runner_id": _holder(world, chance, flow_run_id, task_run_id),
        "task_run_id": task_run_id,
        "attempt": attempt,
        "outcome": "done",
    }


def executor_report(world: World, chance: Random) -> Words:
    flow_run_id = flow_id(world, chance, "Running.Cancelling")
    return {
        "flow_run_id": flow_run_id,
        "runner_id": _owner(world, chance, flow_run_id),
        "outcome": pick(chance, ("failed", "warning")),
        "message": "it raised",
    }


def runner_gone(world: World, chance: Random) -> Words:
    return {"runner_id": _runner(world, chance)}


def runner_forget(world: World, chance: Random) -> Words:
    runner_id = pick(chance, RUNNERS)
    known = world.base.runners.get(runner_id)
    running = runner_clocks(known, world.policy) if known else {}
    due_ms = running.get(Clock.FORGET, world.now_ms)
    if often(chance):
        world.now_ms = max(world.now_ms, due_ms)
    return {"runner_id": runner_id, "due_at": moment_to_text(due_ms)}


def clock(world: World, chance: Random) -> Words:
    """A clock that runs, as it is set or not, and when it is due or not."""
    running = [
        *(
            (flow.flow_run_id, None, which, due_ms)
            for flow in world.base.flows.values()
            for which, due_ms in flow_clocks(flow, world.policy).items()
        ),
        *(
            (task.flow_run_id, task.task_run_id, which, due_ms)
            for task in all_tasks(world)
            for which, due_ms in task_clocks(task, world.base.flows[task.flow_run_id]).items()
        ),
        *(
            (armed.flow_run_id, None, Clock.ARMED, armed.until_ms)
            for armed in world.base.armed.values()
        ),
    ]
    if not running or not often(chance):
        which = pick(chance, list(Clock))
        running = [(pick(chance, FLOWS), None, which, world.now_ms)]
    flow_run_id, task_run_id, which, due_ms = pick(chance, running)
    if often(chance):
        world.now_ms = max(world.now_ms, due_ms)
    due_at = moment_to_text(due_ms if often(chance) else due_ms + 1)
    words: Words = {"flow_run_id": flow_run_id, "clock": which.value, "due_at": due_at}
    return words if task_run_id is None else words | {"task_run_id": task_run_id}


def request_denied(world: World, chance: Random) -> Words:
    flow_run_id = flow_id(world, chance)
    return {"flow_run_id": flow_run_id, "asked": "flow.cancel", "permission": "cancel"}


KINDS: Final[dict[str, Callable[[World, Random], Words]]] = {
    "flow.register": flow_register,
    "flow.start": flow_start,
    "flow.finish": flow_finish,
    "flow.cancel": flow_cancel,
    "task.register": task_register,
    "task.start": task_start,
    "task.finish": task_finish,
    "task.cancel": task_cancel,
    "task.stopping": task_stopping,
    "task.cleanup": task_cleanup,
    "cancellation.acknowledge": acknowledge,
    "executor.report": executor_report,
    "infrastructure.report": lambda world, chance: infrastructure_report(
        world, chance, _runner(world, chance)
    ),
    "runner.register": lambda world, chance: runner_register(_new_runner(world, chance), chance),
    "runner.leave": runner_gone,
    "runner.lost": runner_gone,
    "runner.forget": runner_forget,
    "cancellation.clock": clock,
    "child.finished": child_finished,
    "request.denied": request_denied,
    **BULK_KINDS,
}
