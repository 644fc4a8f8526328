"""The whole road of a cancellation on a real Kafka, and what is told on the way."""

from tests.kafka.processors.journal import types_of
from tests.kafka.processors.service import Service
from tests.kafka.processors.verdict import assert_at_rest_and_right


async def test_a_running_flow_run_is_cancelled_told_and_settled(service: Service) -> None:
    async with service.worker():
        await service.begin("flow-1", tasks=["t1", "t2"])
        outcome = await service.answer_to(
            {"type": "flow.cancel", "flow_run_id": "flow-1", "reason": "enough"}
        )
        assert types_of(outcome) == ["flow.cancelling"]
        (intent,) = await service.until_told("runner-a", "cancel_flow")
        assert intent["reason"] == "enough"
        ended = {"type": "task.finish", "flow_run_id": "flow-1", "runner_id": "runner-a"}
        ends = [{"task_run_id": t, "end": "cancelled"} for t in ("t1", "t2", "body")]
        await service.answer_to({**ended, "items": ends})
        await service.journal.until(
            lambda: types_of(service.journal.about("flow-1"))[-1] == "flow.cancelled"
        )
        await assert_at_rest_and_right(service)


async def test_a_restarted_worker_goes_on_where_it_was(service: Service) -> None:
    async with service.worker():
        await service.begin("flow-1", tasks=["t1"])
        await service.answer_to({"type": "flow.cancel", "flow_run_id": "flow-1"})
    async with service.worker():
        ended = {"type": "task.finish", "flow_run_id": "flow-1", "runner_id": "runner-a"}
        ends = [{"task_run_id": t, "end": "cancelled"} for t in ("t1", "body")]
        await service.answer_to({**ended, "items": ends})
        await assert_at_rest_and_right(service)
