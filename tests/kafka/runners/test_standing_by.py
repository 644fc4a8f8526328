"""`StandBy` beside a real service: what it tries again, what it reports, and under which name."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rescind.errors import UnauthorisedError, UnavailableError
from rescind.events.journal import InfrastructureTeardown
from rescind.events.words import Handle
from rescind.runners.client import RunnerClient
from rescind.runners.infrastructure.base import Evidence, Job, Status
from rescind.runners.infrastructure.standing import StandBy, TornDown
from rescind.settings import Settings, load_settings
from tests.kafka.runners.lifecycle import Lifecycle
from tests.waiting import until

HANDLE = Handle(kind="raft", scope="sea:1", identity={"mark": "m"}, exclusive_to="f")


class Raft:
    """Infrastructure whose stop does what the test has said, in this order."""

    kind = "raft"
    scope = "sea:1"

    def __init__(self, *ends: Exception | Evidence) -> None:
        self.ends = list(ends)
        self.asked: list[tuple[Handle, float]] = []

    def stop(self, handle: Handle, grace_seconds: float) -> Evidence:
        self.asked.append((handle, grace_seconds))
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end

    def start(self, job: Job) -> Handle:
        raise AssertionError(job)

    def status(self, handle: Handle) -> Status:
        raise AssertionError(handle)

    def show(self, handle: Handle) -> None:
        raise AssertionError(handle)

    def clear(self, handle: Handle) -> None:
        raise AssertionError(handle)


SUNK = Evidence("killed", {"depth": 3})


@asynccontextmanager
async def standing(raft: Raft, settings: Settings) -> AsyncIterator[list[TornDown]]:
    told: list[TornDown] = []
    over = asyncio.Event()
    stand_by = StandBy(raft, settings, tell=told.append)
    serving = asyncio.create_task(stand_by.serve(over, drain_seconds=10))
    try:
        yield told
    finally:
        over.set()
        await serving


async def lost(lifecycle: Lifecycle, settings: Settings) -> None:
    async with RunnerClient(settings, handle=HANDLE) as runner:
        await runner.register_flow(flow_run_id="f", body="body")
        await lifecycle.lose(runner.runner_id, lifecycle.partition_of("f"))
        await lifecycle.until_event("flow.failed")


async def reported(lifecycle: Lifecycle) -> list[tuple[str, str]]:
    events = [e.event for e in await lifecycle.events("infrastructure.teardown")]
    teardowns = [event for event in events if isinstance(event, InfrastructureTeardown)]
    return [(event.outcome, event.code) for event in teardowns if event.outcome != "asked"]


async def test_50_what_may_pass_is_tried_again_here_and_reported_once_it_is_done(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    raft = Raft(UnavailableError("it", "fog"), UnavailableError("it", "fog"), SUNK)

    async with standing(raft, settings) as told:
        await lost(lifecycle, settings)

    assert await reported(lifecycle) == [("started", ""), ("done", "")]
    assert [(done.outcome, done.how) for done in told] == [("done", "killed")]
    assert [handle for handle, _ in raft.asked] == [HANDLE, HANDLE, HANDLE]


async def test_50_what_does_not_pass_is_reported_with_its_code_and_asked_again_by_the_service(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    raft = Raft(UnauthorisedError("it", "pirates"), ValueError("a bug"), SUNK)

    async with standing(raft, settings) as told:
        await lost(lifecycle, settings)

    assert await reported(lifecycle) == [
        ("started", ""),
        ("failed", "unauthorised"),
        ("started", ""),
        ("failed", "internal_error"),
        ("started", ""),
        ("done", ""),
    ]
    assert [done.code for done in told] == ["unauthorised", "internal_error", ""]


async def test_a_runner_that_was_given_up_stands_by_again_under_its_next_name(
    lifecycle: Lifecycle, settings: Settings
) -> None:
    raft = Raft(SUNK)

    async def is_registered(times: int) -> bool:
        return len(await lifecycle.events("runner.registered")) == times

    async with standing(raft, settings):
        await until(lambda: is_registered(2))
        (name,) = {entry.stream_id for entry in await lifecycle.events("runner.registered")}
        for partition in (0, 1):
            await lifecycle.lose(name, partition)
        await until(lambda: is_registered(4))

        await lost(lifecycle, settings)

    assert len(raft.asked) == 1


async def test_one_that_cannot_reach_kafka_ends_all_the_same_when_it_is_asked_to() -> None:
    asked, over = asyncio.Event(), asyncio.Event()

    async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = load_settings(bootstrap=f"127.0.0.1:{port}")
    serving = asyncio.create_task(StandBy(Raft(), settings).serve(over, drain_seconds=10))
    await asked.wait()

    over.set()

    await asyncio.wait_for(serving, 60)
    server.close()
    await server.wait_closed()
