"""A load of flow runs, made from a seed: registered, started, worked on, cancelled, ended.

Each flow run's requests keep their order in each lane, and all flow runs are mixed. Some
requests are asked twice, as producers do that are not sure. Many are refused, since nobody
waits for answers here: a refusal is an outcome like any other. See `tests.sizes` for how many.
"""

import random
from collections.abc import Iterator
from typing import Any

from tests.sizes import FULL, shares_of

__all__ = ["FLOW_RUNS", "SEEDS", "load"]

SEEDS = [seeds.start for seeds in shares_of(3 if FULL else 1, each=1)]
FLOW_RUNS = 400 if FULL else 80

Request = dict[str, Any]


def load(seed: int, flow_runs: int, runners: int = 3) -> Iterator[Request]:
    """The requests of so many flow runs. Runners have to be registered before."""
    chance = random.Random(seed)
    waiting = [_life(chance, f"{seed}-{number}", runners) for number in range(flow_runs)]
    going: list[Iterator[Request]] = []
    while waiting or going:
        while waiting and len(going) < 20:
            going.append(waiting.pop())
        life = chance.choice(going)
        request = next(life, None)
        if request is None:
            going.remove(life)
            continue
        yield request
        if chance.random() < 0.05:
            yield request


def _life(chance: random.Random, name: str, runners: int) -> Iterator[Request]:
    flow_run_id = f"flow-{name}"
    runner_id = f"runner-{chance.randrange(runners)}"
    about = {"flow_run_id": flow_run_id, "runner_id": runner_id}
    tasks = [f"t{number}" for number in range(chance.randint(0, 6))]
    if chance.random() < 0.1:
        yield _cancel(chance, flow_run_id)
    yield {"type": "flow.register", "flow_run_id": flow_run_id}
    yield {"type": "flow.start", **about, "body": {"task_run_id": "body"}}
    if tasks:
        yield {"type": "task.register", **about, "items": [{"task_run_id": t} for t in tasks]}
    for task in tasks:
        yield {"type": "task.start", **about, "items": [{"task_run_id": task}]}
        if chance.random() < 0.2:
            yield _cancel(chance, flow_run_id)
        if chance.random() < 0.7:
            yield _ends(chance, about, [task])
    if chance.random() < 0.3:
        yield _cancel(chance, flow_run_id)
    yield _ends(chance, about, [*tasks, "body"])
    yield _ends(chance, about, ["body"])


def _cancel(chance: random.Random, flow_run_id: str) -> Request:
    mode = chance.choice(["graceful", "graceful", "abort"])
    return {
        "type": "flow.cancel",
        "request_id": f"cancel-{chance.randrange(1 << 30)}",
        "flow_run_id": flow_run_id,
        "mode": mode,
    }


def _ends(chance: random.Random, about: Request, tasks: list[str]) -> Request:
    ends = ["success", "success", "failed", "cancelled", "crashed"]
    items = [{"task_run_id": task, "end": chance.choice(ends)} for task in tasks]
    return {"type": "task.finish", **about, "items": items}
