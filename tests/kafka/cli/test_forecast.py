"""`rescind cancel --dry-run`: what would happen, as the API and the pages say it."""

from typing import Any

import httpx
import pytest

from rescind.kafka.reading.visits import ends
from tests.kafka.cli.command import Command
from tests.kafka.cli.runs import RUNNER, asked, ended, running, succeeded
from tests.kafka.cli.serving import serving
from tests.kafka.processors.service import Service
from tests.waiting import until

KILLS = {"executor": "process", "can_interrupt": True, "can_kill": True}
THREADS = {"executor": "thread", "survivors": "what it has begun in another thread"}
EXITS = {"executor": "sync", "may_exit": True}


async def held_by(service: Service, flow_run_id: str, **runners: dict[str, Any]) -> None:
    """A flow run of which each of these runners, which can do this, holds a task run."""
    partition = service.partition_of(flow_run_id)
    for runner_id, capabilities in runners.items():
        said = {"runner_id": runner_id, "capabilities": capabilities}
        await service.answer_to({"type": "runner.register", **said}, partition=partition)
    await running(service, flow_run_id, granted=0, waiting=1)
    for runner_id in runners:
        mine = {"flow_run_id": flow_run_id, "runner_id": runner_id}
        items = [{"task_run_id": f"of-{runner_id}"}]
        await asked(service, {"type": "task.register", **mine, "items": items})
        await asked(service, {"type": "task.start", **mine, "items": items})


async def test_it_says_of_each_runner_what_becomes_of_its_work_and_asks_for_nothing(
    service: Service, rescind: Command
) -> None:
    await held_by(service, "f", threads=THREADS, kills=KILLS, exits=EXITS)

    graceful = await rescind("cancel", "f", "--dry-run")
    abort = await rescind("cancel", "f", "--dry-run", "--abort")

    assert (graceful.code, abort.code) == (0, 0)
    assert graceful.out.startswith("f is Running: what runs of it is asked to stop, and nothing")
    assert "1 not to start any more" in graceful.out
    words = rows(graceful.out)
    assert words["threads"] == (
        "thread cannot be stopped: waited for; may survive: what it has begun in another thread"
    )
    assert words["kills"] == "process interrupted, then killed if it goes on"
    assert words["exits"] == "sync cannot be stopped: waited for"
    words = rows(abort.out)
    assert words["kills"] == "process killed"
    assert words["exits"] == "sync ended with its process"
    assert await service.read(service.names.stop_requests) == []


def rows(out: str) -> dict[str, str]:
    """By runner, its executor and what becomes of what it holds."""
    lines = [line.split() for line in out.splitlines()]
    return {words[0]: " ".join(words[2:]) for words in lines if words}


@pytest.mark.parametrize("typed", [["--abort"], ["--grace", "0"], []])
async def test_a_ladder_without_time_is_forecast_as_the_abort_that_it_is(
    service: Service, rescind: Command, typed: list[str]
) -> None:
    await held_by(service, "f", kills=KILLS)

    (said,) = (await rescind("cancel", "f", "--dry-run", "--json", *typed)).json

    (runner,) = (one for one in said["runners"] if one["runner_id"] == "kills")
    assert runner["fate"] == ("killed" if typed else "interrupted_then_killed")


async def some_runs(service: Service) -> None:
    await held_by(service, "threads", threads=THREADS)
    await held_by(service, "several", threads=THREADS, kills=KILLS, exits=EXITS)
    await held_by(service, "begun", kills=KILLS)
    await service.answer_to({"type": "flow.cancel", "flow_run_id": "begun"})
    await succeeded(service, "ended")
    await asked(service, {"type": "flow.register", "flow_run_id": "waiting"})
    items = [{"task_run_id": f"t{n}"} for n in range(3)]
    await asked(service, {"type": "task.register", "flow_run_id": "waiting", "items": items})
    await running(service, "half", granted=2, waiting=1)
    await ended(service, "half", "t0", end="failed")
    await with_a_child(service, "parent")


async def with_a_child(service: Service, flow_run_id: str) -> None:
    await running(service, flow_run_id, granted=1)
    mine = {"flow_run_id": flow_run_id, "runner_id": RUNNER}
    line = {"task_run_id": "line", "kind": "child", "child_flow_run_id": "child"}
    await asked(service, {"type": "task.register", **mine, "items": [line]})
    await asked(service, {"type": "task.start", **mine, "items": [{"task_run_id": "line"}]})
    parent = {"flow_run_id": flow_run_id, "task_run_id": "line"}
    await asked(service, {"type": "flow.register", "flow_run_id": "child", "parent": parent})


ASKED = [
    ("threads", None), ("several", None), ("begun", None), ("ended", None), ("waiting", None),
    ("half", None), ("nobody", None), ("half", "t0"), ("half", "t1"), ("half", "w0"),
    ("several", "of-kills"), ("half", "t9"), ("parent", None), ("child", None),
]  # fmt: skip


async def test_it_is_the_forecast_of_the_api_word_by_word(
    service: Service, rescind: Command
) -> None:
    await some_runs(service)
    async with serving(rescind) as client:
        last = await ends(service.connection, service.names.journal)

        async def has_read_all() -> bool:
            status = (await rescind("read-model", "status", "--json")).json
            partitions = status["models"][0]["partitions"]
            return all(one["next_offset"] >= last[one["partition"]] for one in partitions)

        await until(has_read_all, within_seconds=60)
        for flow, task in ASKED:
            for mode in ("graceful", "abort"):
                theirs = await of_the_api(client, flow, task, mode)
                assert await of_the_command(rescind, flow, task, mode) == theirs, (flow, task, mode)


async def of_the_api(client: httpx.AsyncClient, flow: str, task: str | None, mode: str) -> Any:
    of_a_task = "" if task is None else f"/task-runs/{task}"
    path = f"/api/v1/flow-runs/{flow}{of_a_task}/can-cancel"
    return without_times((await client.get(path, params={"mode": mode})).json())


async def of_the_command(rescind: Command, flow: str, task: str | None, mode: str) -> Any:
    typed = ["--task", task] if task is not None else ["--arm"]
    typed += ["--abort"] if mode == "abort" else []
    (said,) = (await rescind("cancel", flow, "--dry-run", "--json", *typed)).json
    own = {"flow_run_id", "task_run_id", "message"}
    return without_times({key: value for key, value in said.items() if key not in own})


def without_times(said: Any) -> Any:
    """How long until something is another at each look."""
    if isinstance(said, list):
        return [without_times(one) for one in said]
    if isinstance(said, dict):
        return {k: without_times(v) for k, v in said.items() if not str(k).endswith("_seconds")}
    return said


async def test_it_says_of_a_task_run_that_stands_for_a_child_that_the_child_is_cancelled(
    service: Service, rescind: Command
) -> None:
    await with_a_child(service, "parent")

    said = (await rescind("cancel", "parent", "--task", "line", "--dry-run")).out

    assert "(1 child flow run running)" in said
    assert "the child flow run is cancelled with it, and waited for\n" in said


@pytest.mark.parametrize(
    "typed, becomes",
    [
        ("wait", "is cancelled with it, and waited for"),
        ("request", "is cancelled with it, and not waited for"),
        ("none", "is left alone, and goes on"),
    ],
)
async def test_what_is_typed_of_children_is_what_it_says_of_each(
    service: Service, rescind: Command, typed: str, becomes: str
) -> None:
    await with_a_child(service, "parent")

    said = await rescind("cancel", "parent", "--dry-run", "--cascade", typed)
    (counted,) = (await rescind("cancel", "parent", "--dry-run", "--cascade", typed, "--json")).json

    assert f"child child {becomes}\n" in said.out
    names = {"wait": "waited_for", "request": "asked", "none": "left_alone"}
    assert counted["children_counts"] == {
        name: int(policy == typed) for policy, name in names.items()
    }
    (child,) = counted["children"]
    assert (child["policy"], child["waited_for"]) == (typed, typed == "wait")


async def test_its_clocks_are_those_that_were_typed(service: Service, rescind: Command) -> None:
    await held_by(service, "f", kills=KILLS)

    (own,) = (await rescind("cancel", "f", "--dry-run", "--json", "--deadline", "77")).json
    (at_once,) = (
        await rescind("cancel", "f", "--dry-run", "--json", "--abort", "--deadline", "7")
    ).json

    assert (own["deadline_seconds"], at_once["deadline_seconds"]) == (77, 7)


async def test_an_id_that_nobody_knows_has_no_forecast_unless_arming_is_meant(
    service: Service, rescind: Command
) -> None:
    unknown = await rescind("cancel", "nobody", "--dry-run")
    armed = await rescind("cancel", "nobody", "--dry-run", "--arm")

    assert unknown.code == 5
    assert "none is known as 'nobody'" in unknown.complaint
    assert armed.code == 0
    assert armed.out == "nobody is known to nobody: if it registers in time it is cancelled then\n"
