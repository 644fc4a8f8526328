"""Many children at once, and children that start at the moment in which their parent is cancelled.

See `tests.sizes` for how many.
"""

import asyncio
from collections import Counter
from typing import Any, Final

import pytest

from rescind.events.journal import CancellationSent, FlowCancelled
from rescind.runners.client import Ended, Grant, ParentLink, RunnerClient
from tests.scenarios.harness import PARTITIONS, Driven, Scene, types_of
from tests.sizes import FULL

CHILDREN: Final = 10_000 if FULL else 500
RACES: Final = 500 if FULL else 30
AT_ONCE: Final = 30
LONG_SECONDS: Final = 600


@pytest.mark.sized
@pytest.mark.timeout(900)
async def test_53_children_that_start_at_the_moment_of_the_cancel_are_never_left_running(
    scene: Scene,
) -> None:
    some = asyncio.Semaphore(AT_ONCE)
    async with RunnerClient(scene.house.settings) as runner:

        async def one(number: int) -> tuple[str, str]:
            async with some:
                return await _race(runner, scene, number)

        raced = await asyncio.gather(*map(one, range(RACES)))
        # It stays until all are over: what it leaves behind would have crashed.
        for parent, child in raced:
            await scene.event(parent, "flow.cancelled")
            if scene.events(child):
                await scene.event(child, "child.end_sent")
    met = Counter[str]()
    states = await scene.states_of_all(scene.names.flow_states)
    lines = await scene.states_of_all(scene.names.task_states)
    for parent, child in raced:
        if scene.events(child):
            assert states[child]["state"] == "Finished.Cancelled"
        # What stands for it in its parent has an end as well, or was never there.
        line = lines.get(f"{parent}/child")
        assert line is None or line["is_finished"]
        met[_side_of(scene, parent, child)] += 1
    # Else the races would say nothing.
    assert set(met) == {"it had begun", "it never began"}, met


def _side_of(scene: Scene, parent: str, child: str) -> str:
    """Which of the two came first: the start of the child, or the cancel of its parent."""
    if scene.events(child, "flow.started"):
        return "it had begun"
    return "it never began"


async def _race(runner: RunnerClient, scene: Scene, number: int) -> tuple[str, str]:
    parent = await runner.register_flow(flow_run_id=scene.named(f"p{number}"))
    await parent.register(["other"])
    other = await parent.start("other")
    assert isinstance(other, Grant)
    child = scene.elsewhere(parent.flow_run_id, f"c{number}")
    link = ParentLink(flow_run_id=parent.flow_run_id, task_run_id="child")
    starting = asyncio.create_task(runner.register_flow(flow_run_id=child, parent=link))
    # Each time at another step on its way.
    match number % 4:
        case 1:
            await scene.event(parent.flow_run_id, "task.registered", "child")
        case 2:
            await scene.event(parent.flow_run_id, "task.started", "child")
        case 3:
            await scene.event(child, "flow.registered")
        case _:
            for _ in range(number % 30):
                await asyncio.sleep(0)
    await scene.ask({"type": "flow.cancel", "flow_run_id": parent.flow_run_id})
    await starting
    await parent.finish("other", Ended.cancelled())
    return parent.flow_run_id, child


async def begin_many(scene: Scene, parent: Driven, count: int) -> list[str]:
    """So many running children with a body each, as a stranger begins them."""
    of_runner = {"runner_id": parent.runner_id}
    for partition in range(PARTITIONS):
        await scene.answer_to({"type": "runner.register", **of_runner}, partition=partition)
    children = [scene.named(f"child-{number}") for number in range(count)]
    for first in range(0, count, 500):
        some = children[first : first + 500]
        kind = {"kind": "child"}
        items = [{"task_run_id": c, "child_flow_run_id": c, **kind} for c in some]
        assert types_of(await parent.says("task.register", items=items)) == (
            ["task.registered"] * len(some)
        )
        await parent.says("task.start", items=[{"task_run_id": child} for child in some])
    for child in children:
        about: dict[str, Any] = {"flow_run_id": child, **of_runner}
        link = {"flow_run_id": parent.flow_run_id, "task_run_id": child}
        scene.post({"type": "flow.register", **about, "parent": link})
        scene.post({"type": "flow.start", **about, "body": {"task_run_id": "body"}})
    await scene.sender.flush()
    await scene.journal.until(
        lambda: all(scene.events(child, "flow.started") for child in children),
        within_seconds=LONG_SECONDS,
    )
    return children


async def end_each_that_is_cancelling(scene: Scene, runner_id: str, children: set[str]) -> None:
    """What their runner does, who is told to stop each of them: it reports the end of its body."""
    seen, left = 0, set(children)
    item = {"task_run_id": "body", "end": "cancelled", "how": "graceful"}
    while left:
        entries = scene.journal.entries[seen:]
        seen += len(entries)
        told = {e.stream_id for e in entries if isinstance(e.event, CancellationSent)} & left
        for child in told:
            about = {"flow_run_id": child, "runner_id": runner_id}
            scene.post({"type": "task.finish", **about, "items": [item]})
        left -= told
        if left:
            await scene.journal.grows()


@pytest.mark.sized
@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_55_of_many_children_each_is_asked_and_nobody_else_starves(scene: Scene) -> None:
    parent = await scene.begun_without_body("parent")
    children = set(await begin_many(scene, parent, CHILDREN))

    await scene.ask({"type": "flow.cancel", "flow_run_id": parent.flow_run_id})
    ending = asyncio.create_task(end_each_that_is_cancelling(scene, parent.runner_id, children))
    stranger = await scene.cancel(scene.named("stranger"))
    await ending
    await scene.journal.until(
        lambda: bool(scene.events(parent.flow_run_id, "flow.cancelled")),
        within_seconds=LONG_SECONDS,
    )

    # Somebody who asks meanwhile is answered before all of them have been asked.
    assert types_of(stranger) == ["cancellation.armed"]
    asked = scene.events(parent.flow_run_id, "child.cancel_sent")
    assert {entry.task_run_id for entry in asked} == children
    entries = [entry.id for entry in scene.journal.entries]
    assert entries.index(stranger[0].id) < entries.index(asked[-1].id)
    (over,) = scene.events(parent.flow_run_id, "flow.cancelled")
    assert isinstance(over.event, FlowCancelled)
    assert (over.event.account.cancelled, over.event.account.unconfirmed) == (CHILDREN, 0)
    ended = {e.stream_id for e in scene.journal.entries if isinstance(e.event, FlowCancelled)}
    assert children <= ended
    await scene.journal.until(
        lambda: sum(e.event.type == "child.end_sent.v1" for e in scene.journal.entries) >= CHILDREN
    )
