"""A Kafka record shows no sender: what only the service may ask has to carry its signature."""

from typing import Any

import pytest

from rescind.events.journal import Entry
from rescind.events.signature import SIGNATURE_HEADER
from tests.kafka.processors.journal import code_of, types_of
from tests.kafka.processors.service import KEY, Service, signature
from tests.kafka.processors.verdict import assert_at_rest_and_right

NEWER_KEY = "the key that was added in front"

OF_THE_SERVICE: list[dict[str, Any]] = [
    {"type": "runner.lost", "runner_id": "runner-a"},
    {
        "type": "cancellation.clock",
        "flow_run_id": "flow-1",
        "clock": "deadline",
        "due_at": "2026-11-22T12:00:00.000Z",
    },
    {
        "type": "child.finished",
        "flow_run_id": "flow-1",
        "task_run_id": "t",
        "child_flow_run_id": "flow-2",
        "end": "success",
    },
    {"type": "request.denied", "flow_run_id": "flow-1", "asked": "flow.cancel", "permission": "x"},
]


def actor_of(outcome: list[Entry]) -> tuple[str, bool]:
    actor = outcome[0].actor
    assert actor is not None
    return actor.id, actor.verified


@pytest.mark.parametrize("request_", OF_THE_SERVICE, ids=lambda request: request["type"])
async def test_what_only_the_service_asks_is_refused_without_its_signature(
    service: Service, request_: dict[str, Any]
) -> None:
    partition = service.partition_of("flow-1")
    async with service.worker(partition):
        await service.begin("flow-1", "runner-a")
        forged = [
            await service.ask(request_, partition=partition),
            await service.ask(request_, partition=partition, signed_by="a key of somebody else's"),
            await service.ask(request_, partition=partition, headers=[(SIGNATURE_HEADER, b"v1 x")]),
            await service.ask(request_, partition=partition, headers=[(SIGNATURE_HEADER, b"\xff")]),
            await service.ask(
                request_,
                partition=partition,
                headers=[(SIGNATURE_HEADER, signature(b"other bytes", KEY))],
            ),
        ]
        for asked in forged:
            assert code_of(await service.journal.outcome_of(asked)) == "not_allowed"
        genuine = await service.answer_to(request_, partition=partition, signed_by=KEY)
        assert types_of(genuine) != ["request.refused"] or code_of(genuine) != "not_allowed"
        await assert_at_rest_and_right(service)


async def test_keys_rotate_the_first_signs_and_all_of_them_verify(service: Service) -> None:
    lost = {"type": "runner.lost", "runner_id": "runner-a"}
    async with service.worker(signing_keys=f"{NEWER_KEY},{KEY}"):
        for number, key in enumerate((NEWER_KEY, KEY)):
            outcome = await service.answer_to(
                {**lost, "runner_id": f"r{number}"}, partition=0, signed_by=key
            )
            assert types_of(outcome) == ["runner.lost"]
    async with service.worker(signing_keys=NEWER_KEY):
        outcome = await service.answer_to(lost, partition=0, signed_by=KEY)
        assert code_of(outcome) == "not_allowed"


async def test_an_unsigned_cancel_may_be_forbidden(service: Service) -> None:
    cancel = {"type": "flow.cancel", "flow_run_id": "flow-1"}
    of_task = {"type": "task.cancel", "flow_run_id": "flow-1", "task_run_id": "t1"}
    async with service.worker(accept_unsigned_cancels=False):
        await service.begin("flow-1", tasks=["t1"])
        assert code_of(await service.answer_to(cancel)) == "not_allowed"
        assert code_of(await service.answer_to(of_task)) == "not_allowed"
        assert types_of(await service.answer_to(of_task, signed_by=KEY)) == ["task.cancelling"]
        assert types_of(await service.answer_to(cancel, signed_by=KEY)) == ["flow.cancelling"]


async def test_only_a_signature_verifies_an_actor(service: Service) -> None:
    def cancel(number: int, **actor: Any) -> dict[str, Any]:
        return {
            "type": "flow.cancel",
            "flow_run_id": f"flow-{number}",
            "actor": {"kind": "user", "id": "eve", **actor},
        }

    async with service.worker():
        claimed = await service.answer_to(cancel(1, verified=True))
        assert actor_of(claimed) == ("eve", False)
        attested = await service.answer_to(cancel(2), signed_by=KEY)
        assert actor_of(attested) == ("eve", True)
        nobody = await service.answer_to({"type": "flow.cancel", "flow_run_id": "flow-3"})
        assert actor_of(nobody) == ("unknown", False)
