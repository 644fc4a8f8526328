"""What a restart finds, without the hours in which it came about: the records of open task runs.

The lifecycle itself makes those of one flow run; the others are copies of them under ids of their
own, of the same length. One record for each run, as compaction leaves them: what was started in
the last minutes lies there twice.
"""

import time
from collections.abc import Iterator
from functools import partial
from random import Random

from benchmarks.load.requests import Requests, some_id
from rescind.events import levels
from rescind.kafka.partitions import partition_of
from rescind.kafka.records import OutRecord, Record
from rescind.processors.lifecycle.lifecycle import Lifecycle, Read
from rescind.processors.lifecycle.place import Place
from rescind.processors.lifecycle.position import Position
from rescind.statemachine.partition import Partition
from rescind.statemachine.policy import Policy
from rescind.statemachine.records import open_record
from rescind.statemachine.runs import TaskRun

__all__ = ["TASKS_OF_A_FLOW", "open_runs"]

TASKS_OF_A_FLOW = 1_000
RUNNERS = 8

_written = partial(open_record, level=levels.NEWEST)


def open_runs(requests: Requests, tasks: int) -> Iterator[OutRecord]:
    """So many task runs that are running, in flow runs of a thousand; and who holds them."""
    names, chance = requests.names, requests.chance
    base = _one_flow_run(requests)
    (runner,), (flow,) = base.runners.values(), base.flows.values()
    body, task = base.tasks[flow.flow_run_id].values()
    runners = [some_id(chance) for _ in range(RUNNERS)]
    for runner_id in runners:
        value = _written(runner._replace(runner_id=runner_id))
        for partition in range(requests.partitions):
            yield OutRecord(names.runners, runner_id.encode(), value, (), partition)
    flows = requests.flow_ids(-(-tasks // TASKS_OF_A_FLOW))
    for number, flow_id in enumerate(flows):
        holder = runners[number % RUNNERS]
        where = partition_of(flow_id, requests.partitions)
        began = f"start-{where}-{number}-0"
        own = flow._replace(
            flow_run_id=flow_id, runner_id=holder, registered_id=began, event_id=began
        )
        yield OutRecord(names.open_flows, flow_id.encode(), _written(own), (), where)
        yield _task(requests, body._replace(flow_run_id=flow_id, runner_id=holder), where)
        first = number * TASKS_OF_A_FLOW
        for nth in range(min(TASKS_OF_A_FLOW, tasks - first)):
            copy = task._replace(
                flow_run_id=flow_id,
                task_run_id=some_id(chance),
                runner_id=holder,
                version=task.version + nth,
                registered_id=f"start-{where}-{first + nth}-0",
                event_id=f"start-{where}-{first + nth}-1",
            )
            yield _task(requests, copy, where)


def _task(requests: Requests, task: TaskRun, partition: int) -> OutRecord:
    key = f"{task.flow_run_id}/{task.task_run_id}".encode()
    return OutRecord(requests.names.open_tasks, key, _written(task), (), partition)


def _one_flow_run(requests: Requests) -> Partition:
    """A flow run with its body and one task run, both running, as the lifecycle keeps them."""
    place = Place(0, 1, requests.names, {})
    life = Lifecycle(Partition(), Position(), Policy(), place)
    alone = Requests(requests.names, 1, Random(0))
    runner, task = some_id(alone.chance), [some_id(alone.chance)]
    (flow,) = alone.flow_ids(1)
    said = [*alone.register_runner(runner), *alone.begin_flow(flow, runner)]
    said += [alone.register_tasks(flow, runner, task), alone.start_tasks(flow, runner, task)]
    now_ms = int(time.time() * 1000)
    batch = life.begin()
    for offset, request in enumerate(said):
        record = Record(request.topic, 0, offset, now_ms, request.key, request.value, ())
        batch.take(Read("start", record))
    batch.records()
    life.adopt(batch)
    return life.base
