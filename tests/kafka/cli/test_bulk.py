"""`rescind bulk` and `rescind cancel --where` on a real Kafka, with a worker and the sweeper."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import pytest

from rescind.kafka.reading.readers import TopicFollower
from rescind.kafka.reading.visits import Visit, starts
from rescind.kafka.records import OutRecord
from rescind.kafka.writing.sender import Sender
from rescind.processors.bulk import Sweeper
from rescind.processors.shared.keys import signing_keys
from rescind.processors.shared.tools import Asking
from rescind.statemachine.records import BULK_KEY
from tests.kafka.cli.command import Command
from tests.kafka.cli.runs import running
from tests.kafka.processors.journal import types_of
from tests.kafka.processors.service import Service


@asynccontextmanager
async def sweeping(service: Service) -> AsyncIterator[None]:
    """What `rescind agents` do for bulk cancellations, without Faust."""
    keys = signing_keys(service.settings())
    asking = Asking(service.connection, service.names, Sender(service.connection), keys)
    sweeper = Sweeper(asking, service.partitions)
    topic = service.names.cancellations

    async def hear() -> None:
        first = await starts(service.connection, topic)
        async with TopicFollower(service.connection, topic, first) as follower:
            async for records in follower.follow():
                for record in records:
                    sweeper.hear(record.partition, record.value)

    everything = set(range(service.partitions))
    tasks = [asyncio.create_task(hear()), asyncio.create_task(sweeper.serve(lambda: everything))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def registered(service: Service, *names: str) -> None:
    for name in names:
        labels = {"team": "etl"}
        await service.answer_to({"type": "flow.register", "flow_run_id": name, "labels": labels})


async def test_it_is_counted_then_started_and_every_flow_run_is_asked(
    service: Service, rescind: Command
) -> None:
    await registered(service, "a", "b")
    where = ("--where", "label.team=etl")
    async with sweeping(service):
        counted = await rescind("bulk", "start", *where, "--id", "draft", "--dry-run")
        assert counted.code == 0, counted.err
        assert counted.out.splitlines() == ["draft means 2 flow runs: label team=etl", "  a", "  b"]
        assert "flow.cancelled" not in types_of(service.journal.entries)

        said = await rescind("cancel", *where, "--reason", "enough", "--wait", "--json")
        assert said.code == 0, said.err
        assert (said.json["state"], said.json["count"]) == ("Finished.Completed", 2)
        assert (said.json["asked"], said.json["refused"]) == (2, {})
    for name in ("a", "b"):
        assert types_of(service.journal.about(name))[-1] == "flow.cancelled"

    listed = (await rescind("bulk", "ls", "--json")).json
    assert [each["state"] for each in listed] == ["Finished.Completed", "Draft.Counted"]
    drafts = (await rescind("bulk", "ls", "--state", "draft", "--json")).json
    assert [each["bulk_id"] for each in drafts] == ["draft"]
    assert "No bulk cancellation is so." in (await rescind("bulk", "ls", "--state", "paused")).err
    wrong = await rescind("bulk", "ls", "--state", "lost")
    assert (wrong.code, "expected --state to be one of draft" in wrong.complaint) == (2, True)
    shown = await rescind("bulk", "show", said.json["bulk_id"])
    assert "2 flow runs asked" in shown.out
    assert "“enough”" in shown.out


async def test_many_need_to_be_confirmed_and_are_held_up_by_whoever_says_so(
    idle_service: Service, rescind: Command
) -> None:
    where = ("--where", "label.team=etl", "--id", "b")
    async with idle_service.worker(bulk_unconfirmed_max=1), sweeping(idle_service):
        await registered(idle_service, *"abcdefghij")

        refused = await rescind("bulk", "start", *where)
        assert refused.code == 1
        assert "it means so many flow runs and more than 1" in refused.complaint
        assert "If that is meant, say --yes." in refused.complaint
        taken = await rescind("bulk", "start", *where)
        assert (taken.code, "is Draft.Counted" in taken.complaint) == (1, True)
        unknown = await rescind("bulk", "pause", "nothing")
        assert (unknown.code, "none is known as 'nothing'" in unknown.complaint) == (5, True)

        slowly = ("--where", "label.team=etl", "--id", "slow", "--rate", "1", "--dry-run")
        assert (await rescind("bulk", "start", *slowly)).code == 0
        assert (await rescind("bulk", "start", "--id", "slow")).code == 1
        assert (await rescind("bulk", "start", "--id", "slow", "--yes")).code == 0
        assert (await rescind("bulk", "pause", "slow")).out == "slow is paused\n"
        again = await rescind("bulk", "pause", "slow")
        assert (again.code, "is so already" in again.out) == (0, True)
        assert (await rescind("bulk", "resume", "slow", "--json")).json["exit_code"] == 0
        assert (await rescind("bulk", "stop", "slow")).code == 0
        assert (await rescind("bulk", "resume", "slow")).code == 1
        shown = (await rescind("bulk", "show", "slow", "--json")).json
    assert (shown["state"], shown["count"]) == ("Finished.Stopped", 10)
    assert shown["asked"] < 10


async def test_what_came_of_each_flow_run_is_listed_in_pages_and_long_after(
    service: Service, rescind: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    await registered(service, *"ace")
    for name in "bd":
        await running(service, name, labels={"team": "etl"})
        await service.answer_to({"type": "flow.cancel", "flow_run_id": name})
    async with sweeping(service):
        draft = ("--where", "label.team=etl", "--id", "night-1")
        assert (await rescind("bulk", "start", *draft, "--dry-run")).code == 0
        assert (await rescind("bulk", "start", "--id", "night-1", "--yes", "--wait")).code == 0
        other = ("--where", "name=nothing", "--id", "night-2", "--dry-run")
        assert (await rescind("bulk", "start", *other)).code == 0

    everything = (await rescind("bulk", "items", "night-1", "--json")).json
    first = await rescind("bulk", "items", "night-1", "--limit", "2")
    rest = (
        await rescind("bulk", "items", "night-1", "--limit", "2", "--after", "1", "--json")
    ).json
    refused = (await rescind("bulk", "items", "night-1", "--refused", "--json")).json
    none = await rescind("bulk", "items", "@latest", "--outcome", "took_effect")

    items = everything["items"]
    assert [one["number"] for one in items] == list(range(len(items)))
    again, done = (
        ("already_cancelling", "Running.Cancelling"),
        ("took_effect", "Finished.Cancelled"),
    )
    assert {one["flow_run_id"]: (one["outcome"], one["state"]) for one in items} == {
        "a": done, "b": again, "c": done, "d": again, "e": done,
    }  # fmt: skip
    assert [line.split()[:2] for line in first.out.splitlines()[1:]] == [
        [str(one["number"]), one["flow_run_id"]] for one in items[:2]
    ]
    assert "There are more: --after 1 shows the next ones" in first.err
    assert rest["items"] == items[2:4]
    assert rest["after"] == 3
    assert [one["flow_run_id"] for one in refused["items"]] == ["b", "d"]
    assert "No flow run of night-2 is so." in none.err

    # As a week later, when the service forgets it.
    key, partition = f"{BULK_KEY}night-1".encode(), service.partition_of("night-1")
    forgotten = OutRecord(service.names.open_flows, key, None, partition=partition)
    await service.sender.send(forgotten)
    assert (await rescind("bulk", "show", "night-1")).code == 5
    readings: list[object] = []

    class Counted(Visit):
        async def __aenter__(self) -> Self:
            readings.append(self)
            return await super().__aenter__()

    monkeypatch.setattr("rescind.cli.bulk.items._PAGE", 1)
    monkeypatch.setattr("rescind.cli.bulk.items.Visit", Counted)
    long_after = await rescind("bulk", "items", "night-1", "--limit", "0", "--json")
    assert long_after.json == everything
    assert len(readings) == 3, "pages of 1, 2 and the other 2"
    nobody = await rescind("bulk", "items", "a")
    assert (nobody.code, "none is known as 'a'" in nobody.complaint) == (5, True)


async def test_one_is_looked_at_by_the_beginning_of_its_id_and_as_the_latest(
    service: Service, rescind: Command
) -> None:
    async with sweeping(service):
        for name in ("night-1", "night-2", "day"):
            typed = ("--where", "name=f", "--id", name, "--dry-run")
            assert (await rescind("bulk", "start", *typed)).code == 0

    async def shown(wanted: str) -> str:
        return str((await rescind("bulk", "show", wanted, "--json")).json["bulk_id"])

    assert await shown("da") == "day"
    assert await shown("@latest") == "day"
    assert await shown("night-2") == "night-2"
    several = await rescind("bulk", "show", "night")
    assert several.code == 5
    assert "2 bulk cancellations begin with 'night' (night-1, night-2)" in several.complaint


async def test_one_is_held_up_and_ended_by_the_beginning_of_its_id_and_as_the_latest(
    service: Service, rescind: Command
) -> None:
    await registered(service, "a", "b")
    where = ("--where", "label.team=etl", "--rate", "0.01", "--dry-run")
    async with sweeping(service):
        for name in ("night-1", "night-2", "nightly"):
            assert (await rescind("bulk", "start", *where, "--id", name)).code == 0
        assert (await rescind("bulk", "start", "--id", "nightly", "--yes")).code == 0

        paused = await rescind("bulk", "pause", "nightl", "--json")
        assert (paused.code, paused.json["bulk_id"]) == (0, "nightly")
        assert (await rescind("bulk", "resume", "@latest")).out == "nightly is resumed\n"
        both = await rescind("bulk", "stop", "night-")
        assert (both.code, "night-1, night-2" in both.complaint) == (5, True)
        assert (await rescind("bulk", "stop", "night-2")).out == "night-2 is stopped\n"
        assert (await rescind("bulk", "stop", "@first")).code == 5
        assert (await rescind("bulk", "stop", "night/1")).code == 2
    shown = {
        each["bulk_id"]: each["state"] for each in (await rescind("bulk", "ls", "--json")).json
    }
    assert shown == {
        "night-1": "Draft.Counted", "night-2": "Finished.Stopped", "nightly": "Running",
    }  # fmt: skip


async def test_what_nobody_knows_or_counts_is_said_so(service: Service, rescind: Command) -> None:
    assert (await rescind("bulk", "show", "no")).code == 5
    assert (await rescind("bulk", "start", "--id", "no", "--yes")).code == 5
    assert (await rescind("bulk", "pause", "no")).code == 5
    # No agents: it is a draft, and nobody counts it.
    uncounted = await rescind(
        "cancel", "--where", "name=f", "--answer-within", "2", "--yes", "--json"
    )
    assert uncounted.code == 7
    assert "`rescind agents` count it" in uncounted.complaint
