"""Grants: who waits gets one, what nobody waits for is kept, what is held is held to its end."""

import asyncio
from pathlib import Path

from rescind.events import intents as wire
from rescind.kafka.records import Sent
from rescind.runners.client.clock import boot_seconds
from rescind.runners.client.hearing.answers import Grant
from rescind.runners.client.sending.outbox import Head
from rescind.runners.client.starts import Starts
from tests.unit.runners.client.parts import Taken, tools


def starts(folder: Path) -> Starts:
    common = {"flow_run_id": "f", "runner_id": "r"}
    return Starts(tools(folder, Taken()), Head("task.start", "f", 0, common))


def grant(task_run_id: str, attempt: int = 1) -> Grant:
    told = wire.Grant(flow_run_id="f", task_run_id=task_run_id, attempt=attempt, valid_seconds=30)
    return Grant.told(told, boot_seconds(), boot_seconds)


async def test_what_was_granted_is_held_until_kafka_has_the_report_of_its_end(
    tmp_path: Path,
) -> None:
    of_flow = starts(tmp_path)
    asking = asyncio.create_task(of_flow.ask([("t", 1)]))
    await asyncio.sleep(0)
    of_flow.granted(grant("t"))
    # Before whoever asked has even seen it: an intent may come in the same breath.
    assert of_flow.held == [("t", 1)]
    assert isinstance((await asking)[0], Grant)
    reported: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
    of_flow.ended(("t", 1), reported)
    assert of_flow.held == [("t", 1)]
    reported.set_result(Sent(0, 0, 0))
    await asyncio.sleep(0)
    assert of_flow.held == []


async def test_a_grant_of_an_attempt_that_has_ended_is_nothing(tmp_path: Path) -> None:
    of_flow = starts(tmp_path)
    reported: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
    of_flow.ended(("t", 1), reported)
    of_flow.granted(grant("t"))
    assert of_flow.take_untaken() == []
    assert of_flow.held == []


async def test_who_asks_again_gets_the_grant_that_nobody_took(tmp_path: Path) -> None:
    of_flow = starts(tmp_path)
    asking = asyncio.create_task(of_flow.ask([("t", 1)]))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking])
    of_flow.granted(grant("t"))
    assert of_flow.held == []
    assert isinstance((await of_flow.ask([("t", 1)]))[0], Grant)
    assert of_flow.held == [("t", 1)]


async def test_a_grant_that_came_as_its_asker_gave_up_is_kept(tmp_path: Path) -> None:
    of_flow = starts(tmp_path)
    asking = asyncio.create_task(of_flow.ask([("t", 1)]))
    await asyncio.sleep(0)
    of_flow.granted(grant("t"))
    asking.cancel()
    await asyncio.wait([asking])
    assert of_flow.held == []
    assert of_flow.take_untaken() == [("t", 1)]


async def test_two_who_ask_for_the_same_get_the_same(tmp_path: Path) -> None:
    of_flow = starts(tmp_path)
    asking = [asyncio.create_task(of_flow.ask([("t", 1)])) for _ in range(2)]
    await asyncio.sleep(0)
    of_flow.granted(grant("t"))
    first, second = await asyncio.gather(*asking)
    assert first == second
