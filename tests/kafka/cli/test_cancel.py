"""`rescind cancel` on a real Kafka with a real worker."""

import asyncio
from functools import partial

import orjson
import pytest

from rescind.asking.line import Line
from rescind.cli.asking import sending
from tests.kafka.cli.command import Command
from tests.kafka.cli.runs import RUNNER, ended, running, succeeded
from tests.kafka.processors.service import Service


async def test_a_running_flow_run_is_cancelled_by_the_beginning_of_its_id(
    service: Service, rescind: Command
) -> None:
    await running(service, "nightly-1", granted=2, waiting=1)

    said = await rescind("cancel", "night", "--reason", "wrong date", "--grace", "5")

    assert said.code == 0, said.err
    assert said.out.startswith("nightly-1 is being cancelled (graceful, grace 5 s, deadline ")
    (told,) = await service.until_told(RUNNER, "cancel_flow")
    assert (told["flow_run_id"], told["reason"]) == ("nightly-1", "wrong date")
    assert told["actor"]["kind"] == "user"
    assert told["actor"]["verified"] is True, "the key of the service was at hand"


async def test_a_request_that_kafka_does_not_take_in_time_may_arrive_all_the_same(
    service: Service, rescind: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    await running(service, "f")
    monkeypatch.setattr(sending, "Line", partial(Line, send_seconds=0.0))

    said = await rescind("cancel", "f")

    assert (said.code, said.out) == (3, "")
    assert "it may arrive all the same; asking again is harmless" in said.complaint


async def test_asking_twice_succeeds_and_names_the_first_request(
    service: Service, rescind: Command
) -> None:
    await running(service, "f")
    (first,) = (await rescind("cancel", "f", "--reason", "first", "--json")).json

    said = await rescind("cancel", "f", "--json")

    (second,) = said.json
    assert said.code == 0
    assert second["outcome"] == "already_cancelling"
    assert second["code"] == "already_cancelling"
    assert "“first”" in second["message"]
    assert second["request_id"] != first["request_id"]
    assert second["first"].startswith("stop-")


async def test_waiting_tells_the_story_to_the_end(service: Service, rescind: Command) -> None:
    await running(service, "f", granted=2, waiting=3)
    waiting = asyncio.create_task(rescind("cancel", "f", "--wait", "--reason", "enough"))
    await service.until_told(RUNNER, "cancel_flow")
    await ended(service, "f", "t0", "t1", end="cancelled")

    said = await waiting

    assert said.code == 0, said.err
    story = said.out.splitlines()
    assert "is being cancelled" in story[0]
    assert "cancel asked by " in story[1]
    assert f"told {RUNNER}" in story[2]
    assert "cancelled: 2 stopped, 3 never started" in story[-1]


async def test_waiting_for_one_that_is_cancelled_already_waits_for_its_end_too(
    service: Service, rescind: Command
) -> None:
    await running(service, "f")
    await rescind("cancel", "f")
    waiting = asyncio.create_task(rescind("cancel", "f", "--wait", "--json"))
    await asyncio.wait([waiting], timeout=0)
    await ended(service, "f", "t0", end="success")

    (answer,) = (await waiting).json

    # Either it came before the end and waited, or after it.
    assert answer["outcome"] in {"cancelled", "already_finished"}
    assert answer["exit_code"] == 0


async def test_what_has_ended_well_is_not_cancelled_any_more(
    service: Service, rescind: Command
) -> None:
    await succeeded(service, "f")

    said = await rescind("cancel", "f")

    assert said.code == 1
    assert "f is Finished.Success since " in said.complaint


async def test_what_was_cancelled_before_is_a_success(service: Service, rescind: Command) -> None:
    await running(service, "f", granted=0)
    assert (await rescind("cancel", "f")).code == 0

    said = await rescind("cancel", "f")

    assert said.code == 0
    assert "f is Finished.Cancelled since " in said.out


async def test_an_id_that_nobody_knows_is_not_asked_for(service: Service, rescind: Command) -> None:
    said = await rescind("cancel", "nobody")

    assert said.code == 5
    assert "none is known as 'nobody'" in said.complaint
    assert "--arm" in said.complaint
    assert await service.read(service.names.stop_requests) == []


async def test_an_id_that_nobody_knows_is_armed_if_that_is_meant(
    service: Service, rescind: Command
) -> None:
    said = await rescind("cancel", "later", "--arm", "--json")

    (answer,) = said.json
    assert (said.code, answer["outcome"]) == (0, "armed")
    await service.answer_to({"type": "flow.register", "flow_run_id": "later"})
    assert (await rescind("show", "later", "--json")).json["state"] == "Finished.Cancelled"


async def test_a_beginning_that_fits_several_cancels_none(
    service: Service, rescind: Command
) -> None:
    await running(service, "night-1")
    await running(service, "night-2")

    said = await rescind("cancel", "night")

    assert said.code == 5
    assert "2 flow runs begin with 'night' (night-1, night-2)" in said.complaint


async def test_one_that_is_refused_does_not_keep_the_others_from_being_asked(
    service: Service, rescind: Command
) -> None:
    await running(service, "runs")
    await succeeded(service, "ended")

    said = await rescind("cancel", "ended", "nobody", "runs", "--json")

    outcomes = {answer["flow_run_id"]: answer["outcome"] for answer in said.json}
    assert outcomes == {"ended": "already_finished", "nobody": "unknown", "runs": "cancelling"}
    assert said.code == 5


async def test_an_abort_of_a_graceful_cancel_escalates_it(
    service: Service, rescind: Command
) -> None:
    await running(service, "f")
    await rescind("cancel", "f")

    (answer,) = (await rescind("cancel", "f", "--abort", "--json")).json

    assert answer["outcome"] == "escalated"


async def test_without_a_worker_it_says_that_the_request_waits_in_kafka(
    idle_service: Service, rescind: Command
) -> None:
    said = await rescind("cancel", "f", "--arm", "--answer-within", "0.5")

    assert said.code == 7
    assert "it is in Kafka and counts as soon as a worker runs" in said.complaint
    assert len(await idle_service.read(idle_service.names.stop_requests)) == 1


async def test_one_task_run_is_cancelled_and_the_flow_run_goes_on(
    service: Service, rescind: Command
) -> None:
    await running(service, "f", granted=2, waiting=1)
    waiting = asyncio.create_task(
        rescind("cancel", "f", "--task", "t0", "--reason", "a bad part", "--wait")
    )
    (told,) = await service.until_told(RUNNER, "cancel_task")
    await ended(service, "f", "t0", end="cancelled")

    said = await waiting

    assert said.code == 0, said.err
    story = said.out.splitlines()
    assert story[0].startswith("f/t0 is being cancelled (graceful, grace 30 s, deadline ")
    assert "cancelled" in story[-1]
    assert (told["task_run_id"], told["reason"]) == ("t0", "a bad part")
    shown = (await rescind("show", "f", "--json")).json
    states = {task["task_run_id"]: task["state"] for task in shown["task_runs"]}
    assert shown["state"] == "Running"
    assert states == {"t0": "Finished.Cancelled", "t1": "Running", "w0": "Pending"}


async def test_task_runs_are_answered_each_by_itself(service: Service, rescind: Command) -> None:
    await running(service, "f", granted=1, waiting=1)
    await ended(service, "f", "t0", end="success")

    typed = [word for task in ("w0", "t0", "t9", "w0") for word in ("--task", task)]
    said = await rescind("cancel", "f", *typed, "--json")
    again = await rescind("cancel", "f", "--task", "w0")

    outcomes = [(one["task_run_id"], one["outcome"], one["exit_code"]) for one in said.json]
    assert outcomes == [("w0", "cancelled", 0), ("t0", "already_finished", 1), ("t9", "refused", 5)]
    assert "f/t0 is Finished.Success since " in said.err
    assert said.code == 5
    assert again.code == 0
    assert "f/w0 is Finished.Cancelled since " in again.out


async def test_what_becomes_of_children_is_asked_for_all_alike(
    service: Service, rescind: Command
) -> None:
    await running(service, "f")

    assert (await rescind("cancel", "f", "--cascade", "request")).code == 0

    (record,) = await service.read(service.names.stop_requests)
    assert orjson.loads(record.value or b"")["cascade"] == "request"
