"""A bug for one record, or a stream in which something impossible lies: the partition goes on."""

from typing import Any

import pytest

from rescind.events import levels
from rescind.events.journal import FlowQuarantined, RequestRefused
from rescind.kafka.records import OutRecord
from rescind.processors.pipeline.restore import restore
from rescind.statemachine.decide import decide
from rescind.statemachine.decide.cancel import how_unstarted
from rescind.statemachine.records import open_record
from tests.kafka.processors.journal import code_of, types_of
from tests.kafka.processors.service import KEY, Service
from tests.kafka.processors.verdict import assert_at_rest_and_right

RUNNER = "runner-a"


def on(service: Service, partition: int) -> list[str]:
    """Flow runs of one partition."""
    names = (f"flow-{number}" for number in range(100))
    return [name for name in names if service.partition_of(name) == partition]


def cancel(flow_run_id: str) -> dict[str, Any]:
    return {"type": "flow.cancel", "flow_run_id": flow_run_id}


async def corrupt(service: Service, flow_run_id: str, **changes: Any) -> None:
    """Write a flow run's record as no release would; no worker runs."""
    partition = service.partition_of(flow_run_id)
    base, _ = await restore(service.connection, service.names, partition)
    value = open_record(base.flows[flow_run_id]._replace(**changes), levels.NEWEST)
    topic = service.names.open_flows
    await service.sender.send(OutRecord(topic, flow_run_id.encode(), value, (), partition))


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """A core with a bug: it falls over every cancel of a flow run whose name has poison in it."""

    def fall_over(request: Any, *rest: Any) -> Any:
        if request.type == "flow.cancel" and "poison" in request.flow_run_id:
            raise ZeroDivisionError("a bug")
        return decide(request, *rest)

    monkeypatch.setattr("rescind.statemachine.answer.decide", fall_over)


async def test_a_request_that_meets_a_bug_is_refused_alone_and_its_flow_run_stays_open(
    service: Service, poisoned: None
) -> None:
    async with service.worker():
        await service.begin("poison")
        partition = service.partition_of("poison")
        others = on(service, partition)[:3]
        asked = [
            await service.ask(cancel(name), partition=partition)
            for name in (others[0], "poison", others[1], "poison", others[2])
        ]
        outcomes = [await service.journal.outcome_of(one) for one in asked]
        assert [types_of(outcome)[0] for outcome in outcomes[::2]] == ["cancellation.armed"] * 3
        assert [code_of(outcome) for outcome in outcomes[1::2]] == ["internal_error"] * 2
        refused = outcomes[1][0]
        assert refused.stream_id == "poison"
        assert isinstance(refused.event, RequestRefused)
        assert "ZeroDivisionError" in refused.event.message
        letters = await service.read(service.names.dead_letters, partition)
        assert [letter.header("rescind-code") for letter in letters] == [b"internal_error"] * 2
        # It can still end, by its own runner.
        about = {"flow_run_id": "poison", "runner_id": RUNNER}
        end = [{"task_run_id": "body", "end": "success"}]
        ended = await service.answer_to({"type": "task.finish", **about, "items": end})
        assert types_of(ended) == ["task.succeeded", "flow.succeeded"]
        await assert_at_rest_and_right(service)


async def test_an_impossible_event_quarantines_its_flow_run_and_no_other(
    service: Service,
) -> None:
    bad, good = on(service, 0)[:2]
    async with service.worker():
        await service.begin(bad)
        await service.begin(good)
    # Cancelling, and nobody has cancelled it: no event can begin that.
    await corrupt(service, bad, state="Running.Cancelling")
    async with service.worker():
        met = await service.ask(cancel(bad))
        again = await service.ask(cancel(bad))
        fine = await service.answer_to(cancel(good))
        assert types_of(fine) == ["flow.cancelling"]
        outcome = await service.journal.outcome_of(met)
        assert types_of(outcome) == ["request.refused", "flow.quarantined"]
        assert code_of(outcome[:1]) == "internal_error"
        assert code_of(await service.journal.outcome_of(again)) == "quarantined"
        (letter,) = await service.read(service.names.dead_letters, 0)
        assert letter.header("rescind-position") == f"{service.names.stop_requests}-0-0".encode()
    async with service.worker():
        # It stays so over a restart.
        assert code_of(await service.answer_to(cancel(bad))) == "quarantined"


async def test_a_state_that_no_machine_has_is_refused_request_by_request(
    service: Service,
) -> None:
    bad, good = on(service, 0)[:2]
    async with service.worker():
        await service.begin(bad)
    await corrupt(service, bad, state="Running.Bogus")
    async with service.worker():
        for _ in range(2):
            assert code_of(await service.answer_to(cancel(bad))) == "internal_error"
        assert types_of(await service.answer_to(cancel(good))) == ["cancellation.armed"]


async def test_a_loss_of_a_runner_goes_on_past_a_flow_run_that_is_not_in_order(
    service: Service,
) -> None:
    bad, good, other = on(service, 0)[:3]
    async with service.worker():
        for name in (bad, good, other):
            await service.begin(name, tasks=["t1"])
    await corrupt(service, bad, state="Running.Cancelling")
    async with service.worker():
        lost = {"type": "runner.lost", "runner_id": RUNNER}
        outcome = await service.answer_to(lost, partition=0, signed_by=KEY)
        assert types_of(outcome) == ["runner.lost"]
        await service.journal.until(
            lambda: all(
                types_of(service.journal.about(name))[-1] == "flow.failed" for name in (good, other)
            )
        )
    closed = [e.stream_id for e in service.journal.entries if isinstance(e.event, FlowQuarantined)]
    assert closed == [bad]


async def test_a_sweep_that_fails_closes_its_flow_run_and_holds_nobody_up(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = on(service, 0)[:2]
    async with service.worker():
        for name in (bad, good):
            await service.begin(name, tasks=["t1"])
            items = [{"task_run_id": f"p{number}"} for number in range(3)]
            register = {"type": "task.register", "flow_run_id": name, "items": items}
            await service.answer_to(register)

        def fall_over(task: Any) -> Any:
            if task.flow_run_id == bad:
                raise ZeroDivisionError("a bug")
            return how_unstarted(task)

        monkeypatch.setattr("rescind.statemachine.sweeps.how_unstarted", fall_over)
        # The cancel itself is refused: what follows from it at once is a part of it.
        assert code_of(await service.answer_to(cancel(bad))) == "internal_error"
        assert types_of(await service.answer_to(cancel(good))) == ["flow.cancelling"]
        monkeypatch.undo()
        assert types_of(await service.answer_to(cancel(bad))) == ["flow.cancelling"]
        await assert_at_rest_and_right(service)
