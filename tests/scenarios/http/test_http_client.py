"""Both Python clients against a server and a real Kafka."""

import asyncio
import socket
from datetime import UTC
from typing import Any

import httpx
import pytest

from rescind.client import Fate, Outcome
from rescind.errors import (
    CancelRefusedError,
    InvalidRequestError,
    KeyUsedError,
    NoCancellationError,
    NotFinishedError,
    RunFinishedError,
    RunNotFoundError,
)
from rescind.events.words import Mode
from tests.clients import KINDS, Asker, asker
from tests.pages import blocks
from tests.scenarios.harness import Scene
from tests.scenarios.http.http_api import has_read
from tests.scenarios.http.http_following import Listening
from tests.scenarios.processes import Process
from tests.waiting import until


async def test_a_flow_run_is_cancelled_looked_at_and_waited_for(
    scene: Scene, server: Listening, ours: Asker
) -> None:
    flow = await scene.begun(tasks=["t1", "t2"])
    name = flow.flow_run_id
    await has_read(server.means.model, scene, name)
    can = await ours.do(lambda it: it.can_cancel_flow_run(name))
    assert (bool(can), can.outcome, can.running) == (True, Outcome.CANCELLING, 3)
    assert can.runners[0].fate is Fate.WAITED_FOR
    with pytest.raises(NoCancellationError):
        await ours.do(lambda it: it.show_flow_run_cancellation(name))

    one = await ours.do(lambda it: it.cancel_task_run(name, "t1", reason="hangs"))
    assert (one.outcome, one.task_run_id) == (Outcome.CANCELLING, "t1")
    asked = await ours.do(lambda it: it.cancel_flow_run(name, reason="enough", grace_seconds=9))
    await has_read(server.means.model, scene, name)
    again = await ours.do(lambda it: it.cancel_flow_run(name, mode=Mode.GRACEFUL))
    assert (asked.outcome, again.outcome) == (Outcome.CANCELLING, Outcome.ALREADY_CANCELLING)
    assert asked.cancellation == again.cancellation
    assert (asked.cancellation.reason, asked.cancellation.grace_seconds) == ("enough", 9)
    assert asked.cancellation.asked_at.tzinfo == UTC
    with pytest.raises(NotFinishedError) as late:
        await ours.do(lambda it: it.wait_until_finished(name, timeout_seconds=0.3))
    assert late.value.state == "Running.Cancelling"

    waiting = asyncio.create_task(ours.do(lambda it: it.wait_until_finished(name, 60)))
    for task in ("t1", "t2"):
        await flow.ends(task, "cancelled", how="forced", stopped_confirmed=True)
    await flow.ends("body", "success")
    whole = await waiting
    assert (whole.state, whole.is_finished) == ("Finished.Cancelled", True)
    account = await ours.do(lambda it: it.show_flow_run_cancellation(name))
    assert (account.ended, account.cancellation.account.cancelled) == ({"forced": 2}, 2)
    alone = await ours.do(lambda it: it.show_task_run_cancellation(name, "t1"))
    assert alone.cancellation.reason == "hangs"
    with pytest.raises(RunFinishedError) as over:
        await ours.do(lambda it: it.cancel_flow_run(name))
    assert (over.value.code, over.value.state) == ("already_finished", "Finished.Cancelled")


async def test_what_cannot_be_cancelled_is_said_by_its_kind(scene: Scene, ours: Asker) -> None:
    flow = await scene.begun(tasks=["t"])
    name, nobody = flow.flow_run_id, scene.named("nobody")

    with pytest.raises(CancelRefusedError) as refused:
        await ours.do(lambda it: it.cancel_task_run(name, "body"))
    assert (refused.value.code, refused.value.status) == ("no_such_edge", 409)
    assert refused.value.request_id is not None
    assert refused.value.request_id.startswith("client-")
    with pytest.raises(RunNotFoundError):
        await ours.do(lambda it: it.cancel_task_run(name, "nobody"))
    with pytest.raises(RunNotFoundError):
        await ours.do(lambda it: it.show_flow_run(nobody))
    with pytest.raises(InvalidRequestError) as invalid:
        await ours.do(lambda it: it.cancel_flow_run(name, grace_seconds=-1))
    assert invalid.value.errors[0][0] == "body.grace_seconds"
    with pytest.raises(InvalidRequestError):
        await ours.rows(lambda it: it.list_flow_runs(state="Runing"))
    armed = await ours.do(lambda it: it.cancel_flow_run(nobody))
    assert armed.outcome is Outcome.ARMED
    assert armed.cancellation.armed_until > armed.cancellation.asked_at


async def test_what_is_asked_twice_under_one_key_is_done_once(
    scene: Scene, server: Listening, ours: Asker
) -> None:
    flow = await scene.begun(tasks=["t"])
    name = flow.flow_run_id
    key = scene.named("key")

    def cancel(client: Any) -> Any:
        return client.cancel_flow_run(name, reason="once", idempotency_key=key)

    first, second = await ours.do(cancel), await ours.do(cancel)
    await has_read(server.means.model, scene, name)
    with pytest.raises(KeyUsedError):
        await ours.do(lambda it: it.cancel_flow_run(name, reason="else", idempotency_key=key))

    assert first == second
    assert first.outcome is Outcome.CANCELLING
    await scene.journal.catches_up()
    entries = [e for e in scene.journal.about(name) if (e.request_id or "").startswith(key)]
    assert [e.event.type for e in entries if e.source is not None] == ["flow.cancelling.v1"]


class LosesOne(httpx.HTTPTransport):
    """Has each request answered, and loses the first answer."""

    lost = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        response.read()
        self.lost += 1
        if self.lost == 1:
            raise httpx.ReadError("the answer is lost")
        return response


class AsyncLosesOne(httpx.AsyncHTTPTransport):
    """The same for asyncio."""

    lost = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        await response.aread()
        self.lost += 1
        if self.lost == 1:
            raise httpx.ReadError("the answer is lost")
        return response


@pytest.mark.parametrize("kind", KINDS)
async def test_a_cancel_whose_answer_is_lost_is_done_once_and_answered_as_the_first(
    scene: Scene, server: Listening, kind: str
) -> None:
    flow = await scene.begun(tasks=["t"])
    host, port = server.address
    http: httpx.Client | httpx.AsyncClient = (
        httpx.Client(transport=LosesOne())
        if kind == "blocking"
        else httpx.AsyncClient(transport=AsyncLosesOne())
    )

    async with asker(kind, f"http://{host}:{port}", http=http) as ours:
        answer = await ours.do(lambda it: it.cancel_flow_run(flow.flow_run_id, reason="once"))
    # It is the user's own, and stays open.
    assert not http.is_closed
    if isinstance(http, httpx.AsyncClient):
        await http.aclose()
    else:
        await asyncio.to_thread(http.close)

    assert answer.outcome is Outcome.CANCELLING
    await scene.journal.catches_up()
    asked = [e for e in scene.journal.about(flow.flow_run_id) if e.request_id == answer.request_id]
    assert [entry.event.type for entry in asked if entry.source] == ["flow.cancelling.v1"]


async def test_lists_go_on_over_their_pages_and_a_timeline_is_the_journal(
    scene: Scene, server: Listening, ours: Asker
) -> None:
    ours_alone = {"of": scene.named("test")}
    names = [scene.named(f"f{number}") for number in range(5)]
    for name in names:
        about = {"type": "flow.register", "flow_run_id": name, "labels": ours_alone}
        await scene.answer_to(about)
    flow = await scene.begun(tasks=["t1", "t2", "t3"])
    for name in (*names, flow.flow_run_id):
        await has_read(server.means.model, scene, name)

    listed = await ours.rows(lambda it: it.list_flow_runs(labels=ours_alone, page_size=2))
    assert [run.flow_run_id for run in listed] == names[::-1]
    later = listed[1].registered_at
    since = await ours.rows(
        lambda it: it.list_flow_runs(
            labels=ours_alone, registered_from=later, state=iter(["Pending", "Running"])
        )
    )
    assert {run.flow_run_id for run in since} == set(names[3:])
    pages = await ours.rows(lambda it: it.list_flow_runs(labels=ours_alone, page_size=2).pages())
    assert [len(page.items) for page in pages] == [2, 2, 1]
    rest = await ours.rows(lambda it: it.list_flow_runs(labels=ours_alone, cursor=pages[1].cursor))
    assert [run.flow_run_id for run in rest] == names[:1]

    tasks = await ours.rows(lambda it: it.list_task_runs(flow.flow_run_id, page_size=1))
    assert [task.task_run_id for task in tasks] == ["body", "t1", "t2", "t3"]
    whole = await ours.do(lambda it: it.show_task_run(flow.flow_run_id, "t2"))
    assert dict(whole) == {**dict(tasks[2]), "late_reports": (), "late_reports_count": 0}
    told = await ours.rows(lambda it: it.show_flow_run_timeline(flow.flow_run_id, page_size=2))
    await scene.journal.catches_up()
    entries = scene.events(flow.flow_run_id)
    assert [event.type for event in told] == [entry.event.type for entry in entries]
    of_task = await ours.rows(lambda it: it.show_task_run_timeline(flow.flow_run_id, "t1"))
    assert [event for event in told if event.task_run_id == "t1"] == of_task
    counts = await ours.do(lambda it: it.count_flow_runs())
    assert counts.total == sum(counts.by_state.values()) >= 6
    assert await ours.do(lambda it: it.is_alive())
    assert await ours.do(lambda it: it.is_ready())
    # Other tests of this deployment may have left some that are.
    stuck = await ours.rows(lambda it: it.list_flow_runs(stuck=True))
    assert {run.flow_run_id for run in stuck}.isdisjoint({*names, flow.flow_run_id})


def served(scene: Scene, port: int) -> Process:
    return scene.house.start(
        *("-m", "rescind", "server"), http_port=port, database_url=_url(scene), access="open"
    )


def _url(scene: Scene) -> str:
    return f"sqlite:///{scene.house.folder / scene.named('followed')}.db"


@pytest.mark.parametrize("kind", KINDS)
async def test_who_follows_misses_nothing_while_the_server_is_killed_and_started_again(
    scene: Scene, kind: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    name = scene.named("followed")
    server = served(scene, port)
    async with asker(kind, f"http://127.0.0.1:{port}") as ours:
        await until(lambda: ours.do(lambda it: it.is_ready()))
        async with ours.follow(name) as following:
            await scene.answer_to({"type": "flow.register", "flow_run_id": name})
            came = [await following.event()]
            coming = asyncio.create_task(following.event())
            server.kill()
            await scene.answer_to({"type": "flow.start", "flow_run_id": name, "runner_id": "r"})
            server = served(scene, port)
            came.append(await coming)
            server.terminate()
            await server.exit_code()
            server = served(scene, port)
            await scene.cancel(name)
            while came[-1].type != "flow.cancelled.v1":
                came.append(await following.event())
    server.terminate()
    assert await server.exit_code() == 0, server.said()

    await scene.journal.catches_up()
    journal = [
        (record.partition, record.offset)
        for record, entry in zip(scene.journal.records, scene.journal.entries, strict=True)
        if entry.stream_id == name
    ]
    assert [(event.partition, event.offset) for event in came] == journal


async def test_what_the_page_says_to_write_runs(scene: Scene, server: Listening) -> None:
    host, port = server.address
    said: list[str] = []
    looking, refused, following, aio = blocks("docs/how-to/cancel-from-python-by-http.md", "python")
    for number, program in enumerate((looking, refused, following, aio)):
        flow = await scene.begun(f"run{number}")
        await has_read(server.means.model, scene, flow.flow_run_id)
        if program is refused:
            await flow.ends("body", "success")
        written = program.replace("127.0.0.1:19080", f"{host}:{port}")
        process = scene.house.start("-c", written.replace("nightly", flow.flow_run_id))
        if program in {looking, following}:
            await scene.event(flow.flow_run_id, "flow.cancelling")
            await flow.ends("body", "cancelled", how="forced", stopped_confirmed=True)
        assert await process.exit_code() == 0, process.said()
        said.append(process.said())

    assert "cancelling" in said[0]
    assert "Finished.Cancelled" in said[0]
    assert "it has ended already: Finished.Success" in said[1]
    assert "flow.cancelled.v1" in said[2]
