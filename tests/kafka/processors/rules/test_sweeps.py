"""Many task runs are swept in chunks: others have their turn, and a restart goes on."""

from pathlib import Path

from rescind.events.journal import FlowCancelled, TaskCancelled
from rescind.events.words import How
from rescind.processors.pipeline.restore import restore
from rescind.statemachine.policy import Policy
from tests.kafka.processors.children import children_of
from tests.kafka.processors.journal import Asked, types_of
from tests.kafka.processors.pipelines import running
from tests.kafka.processors.service import KEY, Service
from tests.kafka.processors.verdict import assert_at_rest_and_right

PENDING = 2000


async def with_pending(service: Service, flow_run_id: str, count: int) -> None:
    """A running flow run with so many task runs that nobody has started."""
    await service.begin(flow_run_id)
    for first in range(0, count, 500):
        items = [{"task_run_id": f"p{number}"} for number in range(first, first + 500)]
        service.post({"type": "task.register", "flow_run_id": flow_run_id, "items": items})
    last = {"type": "flow.register", "flow_run_id": flow_run_id}
    await service.answer_to(last)


def swept(service: Service, flow_run_id: str) -> int:
    return sum(
        isinstance(entry.event, TaskCancelled) and entry.event.how is How.NEVER_STARTED
        for entry in service.journal.about(flow_run_id)
    )


async def until_swept(service: Service, flow_run_id: str, count: int) -> None:
    await service.journal.until(lambda: swept(service, flow_run_id) >= count)


def neighbour_of(service: Service, flow_run_id: str) -> str:
    partition = service.partition_of(flow_run_id)
    names = (f"neighbour-{number}" for number in range(1000))
    return next(name for name in names if service.partition_of(name) == partition)


async def end_the_body(service: Service, flow_run_id: str) -> None:
    end = {"task_run_id": "body", "end": "cancelled"}
    about = {"flow_run_id": flow_run_id, "runner_id": "runner-a"}
    await service.answer_to({"type": "task.finish", **about, "items": [end]})


async def test_others_have_their_turn_between_the_chunks_of_a_sweep(service: Service) -> None:
    neighbour = neighbour_of(service, "flow-1")
    partition = service.partition_of("flow-1")
    async with running(service, partition, policy=Policy(sweep_chunk=25)):
        await with_pending(service, "flow-1", PENDING)
        cancelled = await service.ask({"type": "flow.cancel", "flow_run_id": "flow-1"})
        asked: list[Asked] = []
        for beyond in (250, 500, 750):
            await until_swept(service, "flow-1", beyond)
            asked.append(await service.ask({"type": "flow.cancel", "flow_run_id": neighbour}))
        await until_swept(service, "flow-1", PENDING)
        entries = service.journal.in_partition(partition)
        last = entries.index(service.journal.about("flow-1")[-1])
        for one in asked:
            (answer,) = await service.journal.outcome_of(one)
            assert entries.index(answer) < last
        assert types_of(service.journal.of(cancelled)) == ["flow.cancelling"]
        await end_the_body(service, "flow-1")
    async with service.worker():
        await assert_at_rest_and_right(service)


async def test_a_sweep_goes_on_after_its_worker_was_killed_in_the_middle(
    service: Service, tmp_path: Path
) -> None:
    async with children_of(service, tmp_path) as children:
        worker = children.start(options=("--until-fenced", "--sweep-chunk", "20"))
        await with_pending(service, "flow-1", PENDING)
        await service.ask({"type": "flow.cancel", "flow_run_id": "flow-1"})
        await until_swept(service, "flow-1", 1)
        worker.kill()
        before = swept(service, "flow-1")
        assert before < PENDING
        children.start()
        await until_swept(service, "flow-1", PENDING)
        await end_the_body(service, "flow-1")
        await assert_at_rest_and_right(service)
    (ended,) = [e.event for e in service.journal.entries if isinstance(e.event, FlowCancelled)]
    assert (ended.account.never_started, ended.account.cancelled) == (PENDING, 0)
    # Nothing of its task runs is kept, and it is still known that it has ended.
    base, _ = await restore(service.connection, service.names, service.partition_of("flow-1"))
    assert "flow-1" not in base.tasks
    assert base.flows["flow-1"].state == "Finished.Cancelled"


async def test_what_a_lost_runner_held_is_ended_in_chunks_after_a_restart_too(
    service: Service, tmp_path: Path
) -> None:
    partition = service.partition_of("flow-1")
    async with children_of(service, tmp_path) as children:
        worker = children.start(options=("--until-fenced", "--sweep-chunk", "20"))
        tasks = [f"t{number}" for number in range(500)]
        await service.begin("flow-1", tasks=tasks)
        lost = {"type": "runner.lost", "runner_id": "runner-a", "reason": "silent"}
        await service.ask(lost, partition=partition, signed_by=KEY)
        await service.journal.until(
            lambda: "task.failed" in types_of(service.journal.about("flow-1"))
        )
        worker.kill()
        children.start()
        await service.journal.until(
            lambda: types_of(service.journal.about("flow-1"))[-1] == "flow.failed"
        )
        await assert_at_rest_and_right(service)
    assert types_of(service.journal.about("flow-1")).count("task.failed") == 501
