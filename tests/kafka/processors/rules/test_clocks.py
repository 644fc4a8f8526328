"""Clocks strike by requests on the stop lane: once in effect, and after what lay there before."""

from typing import Any

import pytest

from rescind.events.journal import (
    Entry,
    FlowCancelled,
    RequestRefused,
    TaskCancelled,
    TaskSucceeded,
)
from rescind.events.refusals import Code
from rescind.events.words import How, moment_to_text
from rescind.processors.pipeline.restore import restore
from tests.kafka.processors.journal import code_of, types_of
from tests.kafka.processors.service import KEY, Service
from tests.kafka.processors.verdict import assert_at_rest_and_right
from tests.waiting import until

FAR = 3600.0


def ended(service: Service, flow_run_id: str = "flow-1") -> bool:
    return types_of(service.journal.about(flow_run_id))[-1:] == ["flow.cancelled"]


def fired(entries: list[Entry]) -> list[str]:
    return [e.event.clock.value for e in entries if e.event.type == "cancellation.clock_fired.v1"]


def cancel(**more: Any) -> dict[str, Any]:
    return {"type": "flow.cancel", "flow_run_id": "flow-1", **more}


async def test_the_deadline_ends_what_nobody_has_reported(service: Service) -> None:
    async with service.worker(acknowledge_seconds=FAR):
        await service.begin("flow-1", tasks=["t1"])
        await service.answer_to(cancel(deadline_seconds=0.5))
        await service.journal.until(lambda: ended(service))
        await assert_at_rest_and_right(service)
    about = service.journal.about("flow-1")
    assert fired(about) == ["deadline"]
    ends = [entry.event for entry in about if isinstance(entry.event, TaskCancelled)]
    assert [(end.how, end.stopped_confirmed) for end in ends] == [(How.DEADLINE, False)] * 2
    struck = next(e for e in about if fired([e]))
    assert struck.actor is not None
    assert (struck.actor.kind, struck.actor.verified) == ("service", True)
    # Never before its time, by the broker's clock.
    begun = next(e for e in about if e.event.type == "flow.cancelling.v1")
    assert struck.at_ms - begun.at_ms >= 500


async def test_a_runner_that_has_not_acknowledged_is_told_again_and_again(
    service: Service,
) -> None:
    async with service.worker(acknowledge_seconds=0.3):
        await service.begin("flow-1", tasks=["t1"])
        (begun,) = await service.answer_to(cancel())
        told = await service.until_told("runner-a", "cancel_flow", 3)
        assert {intent["cancellation_id"] for intent in told} == {begun.id}
        acknowledgement = {
            "type": "cancellation.acknowledge",
            "flow_run_id": "flow-1",
            "runner_id": "runner-a",
            "cancellation_id": begun.id,
            "held": [{"task_run_id": "t1"}, {"task_run_id": "body"}],
        }
        await service.answer_to(acknowledgement)
        about = service.journal.about("flow-1")
        sent = types_of(about).count("cancellation.sent")
        # It has a deadline, and nothing else runs: the next thing to strike is that.
        await service.answer_to(
            {"type": "task.cancel", "flow_run_id": "flow-1", "task_run_id": "t1"}
        )
        assert types_of(service.journal.about("flow-1")).count("cancellation.sent") == sent
        await assert_at_rest_and_right(service)


async def test_an_armed_cancellation_lapses_after_its_time(service: Service) -> None:
    async with service.worker(armed_seconds=0.5):
        await service.answer_to(cancel())
        await service.journal.until(
            lambda: (
                types_of(service.journal.entries) == ["cancellation.armed", "cancellation.lapsed"]
            )
        )
        registered = await service.answer_to({"type": "flow.register", "flow_run_id": "flow-1"})
        assert types_of(registered) == ["flow.registered"]
        await assert_at_rest_and_right(service)


async def test_a_finished_flow_run_is_forgotten_after_its_time(service: Service) -> None:
    async with service.worker(forget_after_seconds=1):
        await service.begin("flow-1", tasks=["t1"])
        ends = [{"task_run_id": t, "end": "success"} for t in ("t1", "body")]
        about = {"flow_run_id": "flow-1", "runner_id": "runner-a"}
        await service.answer_to({"type": "task.finish", **about, "items": ends})
        await service.journal.until(
            lambda: types_of(service.journal.about("flow-1"))[-1] == "flow.forgotten"
        )
        # Its id is nobody's again.
        assert types_of(await service.answer_to(cancel())) == ["cancellation.armed"]
        base, _ = await restore(service.connection, service.names, service.partition_of("flow-1"))
        assert (base.flows, base.tasks, list(base.armed)) == ({}, {}, ["flow-1"])
        await assert_at_rest_and_right(service)


async def test_beyond_their_number_the_flow_runs_that_ended_first_are_forgotten_before_their_time(
    service: Service,
) -> None:
    partition = service.partition_of("run")
    alike = [one for n in range(100) if service.partition_of(one := f"run-{n}") == partition]
    open_one, *ended_first = alike[:6]

    def forgotten() -> list[str]:
        entries = [e for e in service.journal.entries if e.event.type == "flow.forgotten.v1"]
        return [entry.stream_id for entry in entries]

    async with service.worker(finished_max=100):
        await service.begin(open_one, tasks=["t1"])
        for flow_run_id in ended_first:
            await service.answer_to({"type": "flow.register", "flow_run_id": flow_run_id})
            await service.answer_to({"type": "flow.cancel", "flow_run_id": flow_run_id})
    assert forgotten() == []
    # Fewer are kept from now on: what there is is met at once.
    async with service.worker(finished_max=2) as worker:
        await service.journal.until(lambda: len(forgotten()) == 3)
        last = alike[6]
        await service.answer_to({"type": "flow.register", "flow_run_id": last})
        await service.answer_to({"type": "flow.cancel", "flow_run_id": last})
        await service.journal.until(lambda: len(forgotten()) == 4)
        assert forgotten() == ended_first[:4]

        def to_forget() -> float | None:
            worker.look()
            labels = {"partition": str(partition)}
            return worker.registry.get_sample_value("rescind_flow_runs_to_forget", labels)

        await until(lambda: to_forget() == 2)
        base, _ = await restore(service.connection, service.names, partition)
        assert list(base.flows) == [open_one, ended_first[-1], last]
        # Its id is nobody's again.
        again = {"type": "flow.cancel", "flow_run_id": ended_first[0]}
        assert types_of(await service.answer_to(again)) == ["cancellation.armed"]
        await assert_at_rest_and_right(service)


async def test_a_runner_that_is_gone_is_forgotten_after_its_time(service: Service) -> None:
    async with service.worker(forget_after_seconds=1):
        await service.begin("flow-1", tasks=["t1"])
        partition = service.partition_of("flow-1")
        leaves = {"type": "runner.leave", "runner_id": "runner-a"}
        await service.answer_to(leaves, partition=partition)
        await service.journal.until(
            lambda: types_of(service.journal.about("runner-a"))[-1] == "runner.forgotten"
        )
        base, _ = await restore(service.connection, service.names, partition)
        assert base.runners == {}
        # Its id is nobody's again.
        comes = {"type": "runner.register", "runner_id": "runner-a"}
        assert types_of(await service.answer_to(comes, partition=partition)) == [
            "runner.registered"
        ]
        await assert_at_rest_and_right(service)


@pytest.mark.parametrize("clock", ["deadline", "armed"])
async def test_a_clock_that_came_due_while_no_worker_ran_strikes_at_the_next_start(
    service: Service, clock: str
) -> None:
    async with service.worker(acknowledge_seconds=FAR, armed_seconds=1):
        if clock == "deadline":
            await service.begin("flow-1")
        await service.answer_to(cancel(deadline_seconds=1))
    await until_broker_time_passes(service, 1000)
    async with service.worker(acknowledge_seconds=FAR, armed_seconds=1):
        last = "flow.cancelled" if clock == "deadline" else "cancellation.lapsed"
        # Not always the very last: the first worker may have struck too, as it left, without
        # judging it any more. Whichever request comes second is refused as stale.
        await service.journal.until(lambda: last in types_of(service.journal.entries))
        await assert_at_rest_and_right(service)


async def until_broker_time_passes(service: Service, ms: int) -> None:
    """So much time of the broker's goes by; nothing else shows it when nothing runs."""
    begun = (await service.ask(b"", partition=0)).at_ms
    while (await service.ask(b"", partition=0)).at_ms <= begun + ms:
        pass


async def test_a_report_that_lay_there_before_an_overdue_deadline_stands(
    service: Service,
) -> None:
    async with service.worker(acknowledge_seconds=FAR):
        await service.begin("flow-1", tasks=["t1"])
        await service.answer_to(cancel(deadline_seconds=1))
    # While no worker runs, the task run succeeds and the deadline passes; in this order.
    end = {"task_run_id": "t1", "end": "success", "result_ref": "kept"}
    about = {"flow_run_id": "flow-1", "runner_id": "runner-a"}
    reported = await service.ask({"type": "task.finish", **about, "items": [end]})
    await until_broker_time_passes(service, 1000)
    async with service.worker(acknowledge_seconds=FAR):
        await service.journal.until(lambda: ended(service))
        await assert_at_rest_and_right(service)
    (success,) = service.journal.of(reported)
    assert isinstance(success.event, TaskSucceeded)
    assert success.event.result_ref == "kept"
    (over,) = [e.event for e in service.journal.entries if isinstance(e.event, FlowCancelled)]
    assert (over.account.succeeded, over.account.unconfirmed) == (1, 0)


async def test_a_clock_that_strikes_several_times_has_one_effect(service: Service) -> None:
    async with service.worker(acknowledge_seconds=FAR):
        await service.begin("flow-1", tasks=["t1"])
        await service.answer_to(cancel(deadline_seconds=3))
        base, _ = await restore(service.connection, service.names, service.partition_of("flow-1"))
        cancellation = base.flows["flow-1"].cancellation
        assert cancellation is not None
        strike = {
            "type": "cancellation.clock",
            "flow_run_id": "flow-1",
            "clock": "deadline",
            "due_at": moment_to_text(cancellation.deadline_ms),
            "cancellation_id": cancellation.id,
        }
        before = await service.ask(strike, signed_by=KEY)
        await service.journal.until(lambda: ended(service))
        after = await service.ask(strike, signed_by=KEY)
        assert code_of(await service.journal.outcome_of(before)) == "early"
        assert code_of(await service.journal.outcome_of(after)) == "stale"
        await assert_at_rest_and_right(service)
    assert fired(service.journal.about("flow-1")) == ["deadline"]


async def test_a_thousand_clocks_at_once_all_strike_and_hold_nobody_up(service: Service) -> None:
    async with service.worker(armed_seconds=0.5):
        for number in range(1000):
            service.post({"type": "flow.cancel", "flow_run_id": f"flow-{number}"})
        await service.journal.until(
            lambda: types_of(service.journal.entries).count("cancellation.lapsed") == 1000
        )
        await assert_at_rest_and_right(service)
    # Some may strike a moment early, or a second time before the first is seen to be answered.
    refused = [e.event for e in service.journal.entries if isinstance(e.event, RequestRefused)]
    assert {event.code for event in refused} <= {Code.EARLY, Code.STALE}
