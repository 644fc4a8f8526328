"""What an open task run costs in memory, after a restart has read it back."""

import gc
import tracemalloc
from collections.abc import Iterator
from random import Random
from typing import Final

from rescind.events import levels
from rescind.statemachine.partition import restore
from rescind.statemachine.records import open_record, read_open
from tests.unit.statemachine.keeping.keeping import running
from tests.world import RUN

TASK_RUNS: Final = 20_000
OF_A_FLOW_RUN: Final = 1_000

BYTES_MAX: Final = 850
"""656 were measured (CPython 3.11), and 1.3 times that is the bound.

The design gives a whole process 1.5 GB for a million of them. Beside these objects that has to
pay for the allocator, the client's buffers and the process itself: it was 0.96 GB, or 880 bytes
each, when these were 656.
"""


def open_values(chance: Random) -> Iterator[bytes]:
    """Records of task runs that are running, in flow runs of a thousand, as Kafka keeps them."""

    def some_id() -> str:
        return f"{chance.getrandbits(128):032x}"

    base = running().world.base
    flow, task, runner_id = base.flows[RUN], base.tasks[RUN]["t1"], some_id()
    for first in range(0, TASK_RUNS, OF_A_FLOW_RUN):
        flow_run_id = some_id()
        yield open_record(
            flow._replace(flow_run_id=flow_run_id, runner_id=runner_id), levels.NEWEST
        )
        for number in range(first, first + OF_A_FLOW_RUN):
            copy = task._replace(
                flow_run_id=flow_run_id,
                task_run_id=some_id(),
                runner_id=runner_id,
                version=number,
                registered_id=f"start-0-{number}-0",
                event_id=f"start-0-{number}-1",
            )
            yield open_record(copy, levels.NEWEST)


def test_an_open_task_run_takes_no_more_memory_than_its_bound() -> None:
    values = list(open_values(Random(7)))
    # What is kept once, whatever number there is of them, is no task run's.
    restore(map(read_open, values[:10]))
    gc.collect()
    tracemalloc.start()
    try:
        partition = restore(map(read_open, values))
        gc.collect()
        traced, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert sum(map(len, partition.tasks.values())) == TASK_RUNS
    each = traced / TASK_RUNS
    assert each <= BYTES_MAX, f"{each:.0f} bytes each"
