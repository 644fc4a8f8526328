"""What stops or ends work goes before what starts work, and neither starves the other.

Orders are compared in the journal, where they are the same on any machine.
"""

from rescind.events.journal import Entry
from tests.kafka.processors.journal import types_of
from tests.kafka.processors.service import Service
from tests.kafka.processors.verdict import assert_at_rest_and_right

BACKLOG = 20_000


def place_of(entries: list[Entry], entry: Entry) -> float:
    """Where an entry stands: 0 is the first, 1 the last."""
    return entries.index(entry) / len(entries)


async def test_a_cancel_passes_a_backlog_of_start_requests(service: Service) -> None:
    partition = service.partition_of("flow-0")
    for number in range(BACKLOG):
        request = {"type": "runner.register", "runner_id": f"r{number % 50}"}
        service.post(request, partition=partition)
    waiting = await service.ask({"type": "flow.cancel", "flow_run_id": "flow-0"})
    await service.sender.flush()
    async with service.worker(partition):
        first = await service.journal.outcome_of(waiting)
        # Half-way through the backlog another one comes.
        await service.journal.until(lambda: len(service.journal.entries) > BACKLOG / 2)
        late = await service.answer_to({"type": "flow.cancel", "flow_run_id": "flow-0"})
        await service.journal.until(lambda: len(service.journal.entries) >= BACKLOG + 2)
        entries = service.journal.in_partition(partition)
        assert place_of(entries, first[0]) < 0.05
        assert place_of(entries, late[0]) < 0.95
        starts = [e.source.offset for e in entries if e.source and e.source.lane == "start"]
        assert starts == list(range(BACKLOG))


async def test_a_flood_of_reports_leaves_the_start_lane_its_share(service: Service) -> None:
    partition = service.partition_of("flow-0")
    report = {"type": "task.finish", "flow_run_id": "flow-0", "runner_id": "r"}
    items = [{"task_run_id": f"t{number}", "end": "success"} for number in range(20)]
    for _ in range(1000):
        service.post({**report, "items": items})
    start = await service.ask({"type": "flow.register", "flow_run_id": "flow-0"})
    await service.sender.flush()
    async with service.worker(partition):
        (registered,) = await service.journal.outcome_of(start)
        await service.journal.until(lambda: len(service.journal.entries) >= 20_001)
        entries = service.journal.in_partition(partition)
        assert place_of(entries, registered) < 0.3


async def test_a_cancel_that_overtakes_its_registration_is_armed_and_met_by_it(
    service: Service,
) -> None:
    for number in range(3000):
        service.post(
            {"type": "runner.register", "runner_id": f"r{number % 50}"},
            partition=service.partition_of("flow-0"),
        )
    registered = await service.ask({"type": "flow.register", "flow_run_id": "flow-0"})
    asked = await service.ask({"type": "flow.start", "flow_run_id": "flow-0", "runner_id": "r0"})
    cancelled = await service.ask({"type": "flow.cancel", "flow_run_id": "flow-0"})
    async with service.worker():
        assert types_of(await service.journal.outcome_of(cancelled)) == ["cancellation.armed"]
        born = await service.journal.outcome_of(registered)
        assert types_of(born) == ["flow.registered", "flow.cancelled"]
        (refused,) = await service.journal.outcome_of(asked)
        assert types_of([refused]) == ["request.refused"]
        await assert_at_rest_and_right(service)
