"""`rescind ls`, `show`, `watch`, `journal tail` on a real Kafka."""

import asyncio

from rescind.kafka.records import OutRecord
from rescind.kafka.writing.sender import Sender
from tests.conftest import Cluster
from tests.kafka.cli.command import Command, Said
from tests.kafka.cli.runs import RUNNER, asked, ended, running, stray, succeeded
from tests.kafka.processors.service import Service


async def test_ls_shows_the_latest_first_and_what_is_asked_for(
    service: Service, rescind: Command
) -> None:
    await running(service, "runs", name="nightly", labels={"team": "a"})
    await succeeded(service, "ended")

    everything = await rescind("ls")
    some = await rescind("ls", "--state", "running", "--label", "team=a", "--json")

    assert [line.split()[0] for line in everything.out.splitlines()] == ["ID", "ended", "runs"]
    assert [flow["flow_run_id"] for flow in some.json] == ["runs"]
    assert some.json[0]["labels"] == {"team": "a"}


async def test_ls_shows_page_after_page_and_counts_all(service: Service, rescind: Command) -> None:
    for number in range(5):
        await running(service, f"f{number}", name="nightly", granted=0)
    await succeeded(service, "other")
    listing = ("ls", "--search", "NIGHT", "--limit", "2")

    first = await rescind(*listing, "--json")
    second = await rescind(*listing, "--after", "f3")
    third = await rescind(*listing, "--after", "f1", "--json")
    everything = await rescind("ls", "--limit", "0", "--json")
    counted = await rescind("ls", "--count")
    counts = (await rescind("ls", "--count", "--search", "night", "--json")).json

    assert ids(first) == ["f4", "f3"]
    assert "--after f3 shows the next ones" in first.err
    assert [line.split()[0] for line in second.out.splitlines()] == ["ID", "f2", "f1"]
    assert (ids(third), third.err) == (["f0"], "")
    assert ids(everything) == ["other", "f4", "f3", "f2", "f1", "f0"]
    assert counts == {"by_state": {"Running": 5}, "total": 5}
    assert [line.split() for line in counted.out.splitlines()[1:]] == [
        ["Finished.Success", "1"], ["Running", "5"], ["all", "6"],
    ]  # fmt: skip
    assert (await rescind("ls", "--after", "nobody")).code == 5


def ids(said: Said) -> list[str]:
    return [flow["flow_run_id"] for flow in said.json]


async def test_ls_takes_what_began_when_and_whose_child_it_is(
    service: Service, rescind: Command
) -> None:
    await running(service, "f", granted=0)

    assert ids(await rescind("ls", "--since", "1h", "--json")) == ["f"]
    assert ids(await rescind("ls", "--until", "1h", "--json")) == []
    assert ids(await rescind("ls", "--parent", "f", "--json")) == []
    assert "No flow run is so." in (await rescind("ls", "--name", "nobody")).err
    assert (await rescind("ls", "--since", "1h", "--until", "2h")).code == 2


async def test_ls_says_which_task_runs_nobody_has_seen_stop_also_of_what_goes_on(
    service: Service, rescind: Command
) -> None:
    await running(service, "confirmed")
    await running(service, "goes-on", granted=2)
    await rescind("cancel", "goes-on", "--task", "t0", "--abort")
    lost = {"items": [{"task_run_id": "t0", "end": "cancelled", "stopped_confirmed": False}]}
    mine = {"flow_run_id": "goes-on", "runner_id": RUNNER}
    await asked(service, {"type": "task.finish", **mine, **lost})

    said = await rescind("ls", "--unconfirmed")
    (flow,) = (await rescind("ls", "--unconfirmed", "--json")).json

    lines = said.out.splitlines()
    assert lines[1].startswith("goes-on ")
    assert "nobody has seen these stop, of goes-on:" in said.out
    assert lines[-1].startswith("t0 ")
    assert "unconfirmed" in lines[-1]
    assert flow["state"] == "Running"
    assert [task["task_run_id"] for task in flow["unconfirmed_task_runs"]] == ["t0"]
    assert (await rescind("ls", "--unconfirmed", "--stuck", "--json")).json == []


async def test_ls_of_nothing_says_what_to_do_next(service: Service, rescind: Command) -> None:
    said = await rescind("ls")

    assert (said.code, said.out) == (0, "")
    assert "`rescind run FILE` starts one" in said.err


async def test_ls_tells_that_a_record_cannot_be_read_and_shows_the_others(
    service: Service, rescind: Command
) -> None:
    await running(service, "f")
    await service.sender.send(stray(service, b"by a stranger"))

    said = await rescind("ls")

    assert "f " in said.out
    assert "1 record" in said.err


async def test_show_has_the_cancellation_with_its_clocks_and_the_task_runs(
    service: Service, rescind: Command
) -> None:
    await running(service, "f", granted=1, waiting=2)
    await rescind("cancel", "f", "--reason", "enough")

    said = await rescind("show", "@latest")
    body = (await rescind("show", "f", "--json")).json

    assert "Running.Cancelling" in said.out
    assert "“enough”" in said.out
    assert "deadline" in said.out
    assert "3 task runs: 2 Finished.Cancelled, 1 Running" in said.out
    assert body["cancellation"]["reason"] == "enough"
    assert {task["task_run_id"]: task.get("how") for task in body["task_runs"]} == {
        "t0": None,
        "w0": "never_started",
        "w1": "never_started",
    }


async def test_show_of_an_unknown_id_is_one_line(service: Service, rescind: Command) -> None:
    said = await rescind("show", "nobody")

    assert (said.code, said.out) == (5, "")
    assert "none is known as 'nobody'" in said.complaint


async def test_a_cancel_that_waits_for_a_flow_run_can_be_looked_at(
    service: Service, rescind: Command
) -> None:
    await rescind("cancel", "later", "--arm", "--reason", "wrong date")

    shown, tail = (
        await rescind("show", "later"),
        await rescind("journal", "tail", "--flow", "later"),
    )
    body = (await rescind("show", "later", "--json")).json

    assert shown.code == 0
    assert "later is known to nobody yet, and a cancel waits for it until " in shown.out
    assert shown.out.rstrip().endswith(": “wrong date”")
    assert (body["state"], body["reason"], body["mode"]) == ("armed", "wrong date", "graceful")
    assert "armed: nobody knows this id yet" in tail.out
    # The beginning of its id is not enough: it is not known yet.
    assert (await rescind("show", "late")).code == 5


async def test_watch_tells_the_story_from_the_beginning_until_the_run_ends(
    service: Service, rescind: Command
) -> None:
    await running(service, "f")
    watching = asyncio.create_task(rescind("watch", "f"))
    await rescind("cancel", "f")
    await service.until_told(RUNNER, "cancel_flow")
    await ended(service, "f", "t0", end="cancelled")

    said = await watching

    story = said.out.splitlines()
    assert said.code == 0
    assert "registered as" in story[0]
    assert any("cancel asked by " in line for line in story)
    assert "t0  cancelled, graceful" in story[-2]
    assert "cancelled: 1 stopped" in story[-1]


async def test_watch_of_a_run_that_has_ended_tells_its_story_and_ends(
    service: Service, rescind: Command
) -> None:
    await succeeded(service, "f")

    types = [entry["type"] for entry in (await rescind("watch", "f", "--json")).json_lines]

    assert types == ["flow.registered.v1", "flow.started.v1", "flow.succeeded.v1"]


async def test_journal_tail_has_the_last_events_of_all_and_all_of_one(
    service: Service, rescind: Command
) -> None:
    await running(service, "a")
    await succeeded(service, "b")

    last = await rescind("journal", "tail", "--lines", "2")
    of_one = await rescind("journal", "tail", "--flow", "a", "--json")

    assert [line.split()[2] for line in last.out.splitlines()] == [
        "flow.started.v1",
        "flow.succeeded.v1",
    ]
    assert [entry["type"] for entry in of_one.json_lines] == [
        "flow.registered.v1",
        "flow.started.v1",
        "task.registered.v1",
        "task.started.v1",
    ]
    assert all(entry["place"]["offset"] >= 0 for entry in of_one.json_lines)


async def test_journal_tail_follows_what_comes(service: Service, rescind: Command) -> None:
    await running(service, "f")
    process = await rescind.start("journal", "tail", "--lines", "0", "--follow")
    assert process.stdout is not None
    line = asyncio.create_task(process.stdout.readline())
    try:
        while not line.done():
            # It may not have begun to follow when the first of these comes.
            await service.answer_to({"type": "task.cancel", "flow_run_id": "f", "task_run_id": "?"})
    finally:
        process.kill()
        await process.communicate()

    assert b"request.refused.v1" in await line


async def test_an_event_of_a_newer_release_is_named_and_hides_no_other(
    cluster: Cluster, rescind: Command
) -> None:
    topics = Service(cluster.connection, cluster.names, cluster.partitions)
    async with topics as service, service.worker():
        await running(service, "f")
    newer = b'{"id":"x","type":"flow.danced.v1","at":"2026-11-22T12:00:00.000Z","data":{}}'
    async with Sender(cluster.connection) as sender:
        await sender.send(stray(service, newer, cluster.names.journal))

    said = await rescind("journal", "tail")

    assert "flow.started.v1" in said.out
    assert "expected an event that this release knows" in said.out


async def test_runners_are_listed_with_what_they_can_do_and_when_they_were_heard(
    service: Service, rescind: Command
) -> None:
    await running(service, "f")
    can = {"executor": "threads", "can_interrupt": True, "survivors": "what blocks in C"}
    hello = {"type": "runner.register", "runner_id": "other", "pool": "etl", "capabilities": can}
    await service.answer_to(hello, partition=0)
    await service.answer_to({"type": "runner.leave", "runner_id": "other"}, partition=0)
    beat = OutRecord(
        service.names.heartbeats, RUNNER.encode(), b'{"runner_id":"%s"}' % RUNNER.encode()
    )
    await service.sender.send(beat)

    here = await rescind("runners")
    everyone = await rescind("runners", "--all")
    body = (await rescind("runners", "--all", "--json")).json

    assert [line.split()[1] for line in here.out.splitlines()] == ["RUNNER", RUNNER]
    assert "not lately" not in here.out
    assert "1 that are gone" in here.err
    assert "threads: interrupts; may survive: what blocks in C" in everyone.out
    gone = {one["runner_id"]: one for one in body}["other"]
    assert (gone["states"], gone["pool"], gone["last_heard_at"]) == (["Gone.Left"], "etl", None)


async def test_ls_shows_what_has_ended_unconfirmed(service: Service, rescind: Command) -> None:
    await running(service, "seen", granted=1)
    await running(service, "unseen", granted=1)
    for name, confirmed in (("seen", True), ("unseen", False)):
        await rescind("cancel", name)
        about = {"flow_run_id": name, "runner_id": RUNNER, "type": "task.finish"}
        how = {"end": "cancelled", "how": "forced", "stopped_confirmed": confirmed}
        await service.answer_to({**about, "items": [{"task_run_id": "t0", **how}]})

    found = await rescind("ls", "--unconfirmed", "--json")

    assert [flow["flow_run_id"] for flow in found.json] == ["unseen"]
