"""A partition has one owner: whoever comes back from the dead is fenced and changes nothing."""

from pathlib import Path

from rescind.errors import FencedError
from tests.kafka.processors.children import children_of
from tests.kafka.processors.journal import types_of
from tests.kafka.processors.pipelines import running
from tests.kafka.processors.service import Service
from tests.kafka.processors.verdict import assert_at_rest_and_right
from tests.kafka.processors.worker_process import FENCED
from tests.waiting import until


def registration(number: int) -> dict[str, str]:
    return {"type": "flow.register", "flow_run_id": f"flow-{number}"}


async def test_a_worker_that_slept_while_another_took_over_is_fenced_and_changes_nothing(
    service: Service, tmp_path: Path
) -> None:
    async with children_of(service, tmp_path) as children:
        sleeper = children.start(options=("--until-fenced",))
        await service.answer_to(registration(0))
        for number in range(1, 400):
            service.post(registration(number))
        await service.journal.grows()
        # In the middle of something, as likely as not.
        sleeper.freeze()
        children.start()
        for number in range(400, 800):
            service.post(registration(number))
        await service.sender.flush()
        await service.journal.until(
            lambda: types_of(service.journal.entries).count("flow.registered") >= 800
        )
        sleeper.thaw()
        for number in range(800, 1000):
            service.post(registration(number))
        assert await sleeper.exit_code() == FENCED
        await service.sender.flush()
        await assert_at_rest_and_right(service)
    assert types_of(service.journal.entries) == ["flow.registered"] * 1000


async def test_a_successor_waits_for_nobody_and_the_old_owner_learns_of_it(
    service: Service,
) -> None:
    async with running(service, 0) as first:
        await service.answer_to({"type": "runner.leave", "runner_id": "r1"}, partition=0)
        async with running(service, 0) as second:
            await until(lambda: second.pipeline.is_serving)
            # Both read it, and one of them may write.
            await service.answer_to({"type": "runner.leave", "runner_id": "r2"}, partition=0)
            await until(first.task.done)
            assert isinstance(first.task.exception(), FencedError)
        async with running(service, 1):
            await assert_at_rest_and_right(service)


async def test_two_workers_that_both_take_a_partition_for_theirs_do_nothing_twice(
    service: Service, tmp_path: Path
) -> None:
    async with children_of(service, tmp_path) as children:
        for _ in range(2):
            children.start()
        for number in range(600):
            service.post(registration(number))
            if number % 100 == 0:
                # In between they fence each other.
                await service.journal.grows()
        await service.sender.flush()
        await service.journal.until(
            lambda: types_of(service.journal.entries).count("flow.registered") >= 600,
            within_seconds=120,
        )
        children.end()
        children.start()
        await assert_at_rest_and_right(service)
