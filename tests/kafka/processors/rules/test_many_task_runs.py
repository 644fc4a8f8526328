"""A flow run of very many task runs is cancelled, and its runners say so without end: a cancel of
another one in the same partition waits for what lay before it and for a few chunks, never for all.

Said by the order in the journal, which is the same on any machine. See `tests.sizes` for how many.
"""

import asyncio
import itertools
from collections import Counter
from functools import partial
from typing import Final

import pytest

from rescind.events.journal import Entry
from rescind.statemachine.policy import Policy
from tests.kafka.processors.journal import Asked, types_of
from tests.kafka.processors.pipelines import running
from tests.kafka.processors.service import Request, Service
from tests.kafka.processors.verdict import assert_at_rest_and_right
from tests.sizes import FULL

TASK_RUNS: Final = 100_000 if FULL else 3_000
RUNNERS: Final = [f"runner-{number}" for number in range(20)]
CHUNK: Final = 25
FEW: Final = 8
FLYING: Final = 40
ITEMS: Final = 500


async def begin_many(service: Service) -> None:
    """Half of the task runs are shared out among the runners, half of them nobody has started."""
    partition = service.partition_of("many")
    await service.begin("many")
    for runner_id in RUNNERS:
        service.post({"type": "runner.register", "runner_id": runner_id}, partition=partition)
    names = [f"{half}-{number}" for half in ("runs", "waits") for number in range(TASK_RUNS // 2)]
    for part in parts(names, ITEMS):
        request = {"type": "task.register", "flow_run_id": "many", "items": items_of(part)}
        service.post(request)
    last = service.post({"type": "flow.register", "flow_run_id": "many"})
    for runner_id in RUNNERS:
        about = {"flow_run_id": "many", "runner_id": runner_id}
        for part in parts(held_by(runner_id), ITEMS):
            last = service.post({"type": "task.start", **about, "items": items_of(part)})
    sent = await last
    begun = Asked("start", sent.partition, sent.offset, 0)
    await service.journal.outcome_of(begun, within_seconds=600)


def held_by(runner_id: str) -> list[str]:
    each = TASK_RUNS // 2 // len(RUNNERS)
    first = RUNNERS.index(runner_id) * each
    return [f"runs-{number}" for number in range(first, first + each)]


def parts(names: list[str], size: int) -> list[list[str]]:
    """As many as a request takes."""
    return [names[first : first + size] for first in range(0, len(names), size)]


def items_of(names: list[str], **more: str) -> list[Request]:
    return [{"task_run_id": name, **more} for name in names]


async def acknowledge_without_end(service: Service, cancellation_id: str) -> None:
    """Each runner says what it holds, and again; so many of these are under way at once."""
    about = {"type": "cancellation.acknowledge", "flow_run_id": "many", "last": False}
    chunks = [
        {**about, "runner_id": r, "cancellation_id": cancellation_id, "held": items_of(part)}
        for r in RUNNERS
        for part in parts(held_by(r), ITEMS // 2)
    ]
    flying: list[Asked] = []
    for said in itertools.cycle(chunks):
        flying.append(await service.ask(said))
        if len(flying) >= FLYING:
            await service.journal.outcome_of(flying.pop(0))


@pytest.mark.sized
@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_cancel_waits_for_what_lay_before_it_and_not_for_a_large_flow_run(
    service: Service,
) -> None:
    partition = service.partition_of("many")
    others = [f"other-{n}" for n in range(99) if service.partition_of(f"other-{n}") == partition]
    many = Progress(service)
    async with running(service, partition, policy=Policy(sweep_chunk=CHUNK)):
        await begin_many(service)
        for other in others[:5]:
            await service.begin(other, "runner-of-others", ["t"])
        (begun,) = await service.answer_to({"type": "flow.cancel", "flow_run_id": "many"})
        flood = asyncio.create_task(acknowledge_without_end(service, begun.id))
        asked: list[Asked] = []
        for number, other in enumerate(others[:5], 1):
            await many.until("task.cancelled", 4 * CHUNK * number)
            asked.append(await service.ask({"type": "flow.cancel", "flow_run_id": other}))
            await service.until_told("runner-of-others", "cancel_flow", number)
            asked.append(await service.ask(end_of(other, "runner-of-others", ["t", "body"])))
            await service.journal.outcome_of(asked[-1])
        flood.cancel()
        await asyncio.wait([flood])

        entries = service.journal.in_partition(partition)
        for one in asked:
            assert_waited_for_no_more_than_a_few_chunks(entries, service.journal.of(one)[0])
        for other in others[:5]:
            assert "flow.cancelled" in types_of(service.journal.about(other))
        # All of it while the large one was at it.
        assert many.count("task.cancelled") < TASK_RUNS // 2
        assert many.count("cancellation.acknowledged") > FLYING
        for runner_id in RUNNERS:
            for part in parts(held_by(runner_id), ITEMS):
                service.post(end_of("many", runner_id, part))
        service.post(end_of("many", "runner-a", ["body"]))
        await many.until("flow.cancelled", 1, within_seconds=600)
    async with service.worker():
        # Each look at whether it is at rest reads all of it.
        await assert_at_rest_and_right(service, within_seconds=600)


def end_of(flow_run_id: str, runner_id: str, tasks: list[str]) -> Request:
    about = {"flow_run_id": flow_run_id, "runner_id": runner_id}
    return {"type": "task.finish", **about, "items": items_of(tasks, end="cancelled")}


class Progress:
    """What has come of the large flow run; each entry is looked at once."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._seen = 0
        self._kinds = Counter[str]()

    def count(self, kind: str) -> int:
        entries = self._service.journal.entries
        new = [entry for entry in entries[self._seen :] if entry.stream_id == "many"]
        self._seen = len(entries)
        self._kinds.update(types_of(new))
        return self._kinds[kind]

    async def until(self, kind: str, count: int, *, within_seconds: float = 60) -> None:
        enough = partial(self._is_there, kind, count)
        await self._service.journal.until(enough, within_seconds=within_seconds)

    def _is_there(self, kind: str, count: int) -> bool:
        return self.count(kind) >= count


def assert_waited_for_no_more_than_a_few_chunks(entries: list[Entry], answer: Entry) -> None:
    """Right behind the record before it in its lane, but for a few chunks of a sweep in between.

    More than one only where the lane was empty for a moment: then there is nothing else to do.
    """
    assert answer.source is not None
    before = entries[: entries.index(answer)]
    between = list(itertools.takewhile(lambda e: not is_of_stop_lane(e), reversed(before)))
    last = before[-len(between) - 1]
    assert last.source is not None
    assert last.source.offset == answer.source.previous
    assert len(between) <= FEW * CHUNK


def is_of_stop_lane(entry: Entry) -> bool:
    return entry.source is not None and entry.source.lane == "stop"
