"""What is open is written again before the state topics forget it; nothing happens by that."""

from collections.abc import Sequence

from rescind.kafka.records import Record
from rescind.processors.lifecycle.position import Position
from rescind.processors.pipeline.restore import read_position
from rescind.statemachine.policy import Policy
from tests.kafka.processors.pipelines import running
from tests.kafka.processors.service import Service
from tests.kafka.processors.verdict import assert_at_rest_and_right
from tests.waiting import until

SOON = Policy(rewrite_after_seconds=0.5, sweep_chunk=1)
NEVER = Policy(rewrite_after_seconds=86_400)
ABOUT = {"flow_run_id": "flow-1", "runner_id": "runner-a"}


async def states(service: Service, *, of_tasks: bool) -> dict[str, list[Record]]:
    """Every record of a state topic, by its key."""
    topic = service.names.task_states if of_tasks else service.names.flow_states
    found: dict[str, list[Record]] = {}
    for record in await service.read(topic):
        found.setdefault((record.key or b"").decode(), []).append(record)
    return found


async def until_written(service: Service, key: str, times: int) -> list[Record]:
    """The records of one run, once it has been written so often."""
    records: list[Record] = []

    async def is_written() -> bool:
        records[:] = (await states(service, of_tasks="/" in key)).get(key, [])
        return len(records) >= times

    await until(is_written, within_seconds=60)
    return records


async def until_a_round_is_through(service: Service, after_ms: int) -> int:
    """When the first round that began later than that did begin."""
    began: list[int] = []

    async def is_through() -> bool:
        began[:] = [(await position_of(service)).rewritten_ms]
        return began[0] > after_ms

    await until(is_through, within_seconds=60)
    return began[0]


async def position_of(service: Service, flow_run_id: str = "flow-1") -> Position:
    partition = service.partition_of(flow_run_id)
    position = await read_position(service.connection, service.names, partition)
    assert position is not None
    return position


async def begin(service: Service, tasks: Sequence[str]) -> None:
    """A flow run whose first task run has ended, whose second runs, and whose others wait."""
    await service.begin("flow-1", tasks=tasks[:2])
    waiting = [{"task_run_id": task} for task in tasks[2:]]
    await service.answer_to({"type": "task.register", **ABOUT, "items": waiting})
    ended = [{"task_run_id": tasks[0], "end": "success"}]
    await service.answer_to({"type": "task.finish", **ABOUT, "items": ended})


async def test_what_is_open_is_written_again_as_it_is_and_what_has_ended_is_not(
    service: Service,
) -> None:
    partition = service.partition_of("flow-1")
    async with running(service, partition, policy=NEVER):
        await begin(service, ["done", "held", "waiting"])
        before = await states(service, of_tasks=True)
        (flow_before, *_) = reversed((await states(service, of_tasks=False))["flow-1"])
        said = len(service.journal.entries)
        since_ms = (await position_of(service)).rewritten_ms
    async with running(service, partition, policy=SOON):
        await until_a_round_is_through(service, since_ms)
    after = await states(service, of_tasks=True)
    for task in ("held", "waiting", "body"):
        key = f"flow-1/{task}"
        again = after[key][len(before[key]) :]
        assert again, key
        assert {record.value for record in again} == {before[key][-1].value}
        assert {record.header("ce_id") for record in again} == {before[key][-1].header("ce_id")}
    assert after["flow-1/done"] == before["flow-1/done"]
    flow_after = (await states(service, of_tasks=False))["flow-1"][-1]
    assert flow_after.offset > flow_before.offset
    assert flow_after.header("ce_id") == flow_before.header("ce_id")
    assert len(service.journal.entries) == said
    await assert_at_rest_and_right(service)


async def test_nothing_is_written_again_before_its_time_and_a_restart_does_not_put_it_off(
    service: Service,
) -> None:
    partition = service.partition_of("flow-1")
    async with running(service, partition, policy=NEVER):
        await begin(service, ["done", "held", "waiting"])
        first = await position_of(service)
        written = len((await states(service, of_tasks=True))["flow-1/held"])
    async with running(service, partition, policy=NEVER):
        waiting = [{"task_run_id": "another"}]
        await service.answer_to({"type": "task.register", **ABOUT, "items": waiting})
        second = await position_of(service)
    assert first.rewritten_ms > 0
    assert second.sequence > first.sequence
    assert second.rewritten_ms == first.rewritten_ms
    assert len((await states(service, of_tasks=True))["flow-1/held"]) == written


async def test_a_round_that_was_interrupted_begins_anew_and_lets_others_have_their_turn(
    service: Service,
) -> None:
    tasks = [f"t{number}" for number in range(8)]
    partition = service.partition_of("flow-1")
    async with running(service, partition, policy=NEVER):
        await begin(service, tasks)
        since_ms = (await position_of(service)).rewritten_ms
        flow_records = len((await states(service, of_tasks=False))["flow-1"])
        task_records = {k: len(r) for k, r in (await states(service, of_tasks=True)).items()}
    async with running(service, partition, policy=SOON):
        # The flow run is the first of a round; each chunk is one record, and a turn of others.
        await until_written(service, "flow-1", flow_records + 1)
        end = {"task_run_id": "t1", "end": "success"}
        await service.answer_to({"type": "task.finish", **ABOUT, "items": [end]})
        interrupted = await position_of(service)
    assert interrupted.rewritten_ms == since_ms
    async with running(service, partition, policy=SOON):
        await until_a_round_is_through(service, since_ms)
    for task in tasks[2:]:
        await until_written(service, f"flow-1/{task}", task_records[f"flow-1/{task}"] + 1)
    await assert_at_rest_and_right(service)
