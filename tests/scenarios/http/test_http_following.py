"""Events as they come, from a server that listens: in order, gone on with, and of bounded cost."""

import asyncio
import shutil
from collections.abc import AsyncIterator

import pytest

from tests.pages import commands
from tests.scenarios.harness import Scene
from tests.scenarios.http.http_api import has_read, problem
from tests.scenarios.http.http_following import Listening, Message
from tests.waiting import until


async def until_type(following: AsyncIterator[Message], kind: str) -> list[Message]:
    """What comes, up to the first event of this type."""
    came: list[Message] = []
    async for message in following:
        came.append(message)
        if message[1].get("type") == kind:
            return came
    raise AssertionError(f"the stream has ended without {kind}")


async def test_who_follows_a_flow_run_sees_all_of_it_and_goes_on_where_it_was(
    scene: Scene, server: Listening
) -> None:
    name, other = scene.named("followed"), scene.named("other")
    async with server.follow(flow_run_id=name) as following:
        (_, hello) = await anext(following)
        for flow_run_id in (other, name):
            await scene.answer_to({"type": "flow.register", "flow_run_id": flow_run_id})
        ((begun, _),) = await until_type(following, "flow.registered.v1")
    # It is away, and misses nothing.
    await scene.cancel(name)
    async with server.follow(flow_run_id=name, since=begun) as following:
        await anext(following)
        came = await until_type(following, "flow.cancelled.v1")
    await scene.journal.catches_up()
    async with server.follow(after="0:0,1:0") as everything:
        await anext(everything)
        seen = [await anext(everything) for _ in scene.journal.records]

    assert hello == {}
    assert [event["entry"]["flow_run_id"] for _, event in came] == [name]
    assert [place for place, _ in came] == [
        f"{event['partition']}:{event['offset'] + 1}" for _, event in came
    ]
    journal = {(r.partition, r.offset) for r in scene.journal.records}
    assert [(e["partition"], e["offset"]) for _, e in seen] == sorted(journal)
    wrong = await server.client.get("/api/v1/events", headers={"Last-Event-ID": "0:1,7:2"})
    problem(wrong, 400, "unknown-position")


async def test_a_server_that_ends_lets_those_go_who_follow(scene: Scene, server: Listening) -> None:

    async def is_ready() -> bool:
        return (await server.client.get("/health/ready")).status_code == 200

    # It has the journal of all scenarios before to read first.
    await until(is_ready)
    assert (await server.client.get("/health/live")).json() == {"alive": True}

    # Whoever begins while the read model catches up is sent what it has yet to read.
    flow = await scene.begun()
    await has_read(server.means.model, scene, flow.flow_run_id)
    async with server.follow(flow_run_id=flow.flow_run_id) as following:
        await anext(following)
        server.server.stop()

        assert [message async for message in following] == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_what_the_page_says_to_type_is_answered(scene: Scene, server: Listening) -> None:
    flow = await scene.begun(tasks=["load-1"])
    host, port = server.address

    def meant(word: str) -> str:
        return word.replace("127.0.0.1:19080", f"{host}:{port}").replace(
            "nightly", flow.flow_run_id
        )

    statuses: list[str] = []
    for words in commands("docs/how-to/cancel-by-http.md"):
        if "-N" in words:
            continue
        asking = await asyncio.create_subprocess_exec(
            *map(meant, words),
            *("--silent", "--max-time", "30", "--write-out", "%{http_code}"),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await asking.communicate()
        statuses.append(said.decode()[-3:])
        await has_read(server.means.model, scene, flow.flow_run_id)

    assert statuses == ["200", "202", "202", "200"]
