"""`rescind audit verify` over a live journal: whole, and tampered with."""

import base64

import orjson
import pytest

from rescind.kafka.records import OutRecord
from rescind.kafka.writing.sender import Sender
from rescind.processors.lifecycle.position import POSITION_KEY, Position
from tests.conftest import Cluster
from tests.kafka.cli.command import Command
from tests.kafka.cli.runs import RUNNER, ended, running, stray, succeeded
from tests.kafka.processors.service import Service


async def lives(service: Service, rescind: Command) -> None:
    """Flow runs of several kinds: running, cancelled, ended, armed; and a refusal."""
    await running(service, "f", granted=2, waiting=1)
    await running(service, "g", granted=1)
    await succeeded(service, "h")
    await rescind("cancel", "f", "h", "armed", "--arm")
    await ended(service, "f", "t0", "t1", end="cancelled")


async def test_a_journal_of_a_running_service_is_whole(service: Service, rescind: Command) -> None:
    await lives(service, rescind)

    said = await rescind("audit", "verify")
    body = (await rescind("audit", "verify", "--json")).json

    assert said.code == 0, said.out
    assert said.out.startswith("whole ")
    assert "all six invariants hold" in said.out
    assert body["whole"] is True
    assert body["findings"] == []
    journal = await service.read(service.names.journal)
    assert body["events"] == len(journal) == sum(body["partitions"].values())


async def test_what_was_written_twice_is_found_and_placed(
    service: Service, rescind: Command
) -> None:
    await lives(service, rescind)
    partition = service.partition_of("f")
    (first, *_) = await service.read(service.names.journal, partition)
    # A stranger with the right to write repeats an entry, and hides it well: the same bytes.
    copy = OutRecord(first.topic, first.key, first.value, first.headers, partition)
    await service.sender.send(copy)

    body = (await rescind("audit", "verify", "--json")).json
    said = await rescind("audit", "verify")

    assert said.code == 6
    assert said.out.splitlines()[-1].startswith("broken ")
    (finding, *_) = body["findings"]
    assert finding["partition"] == partition
    assert finding["invariant"] in {4, 5}
    assert finding["code"] in said.out


async def test_a_state_that_the_journal_does_not_tell_is_found(
    service: Service, rescind: Command
) -> None:
    await lives(service, rescind)
    partition = service.partition_of("g")
    states = await service.read(service.names.flow_states, partition)
    last = next(record for record in reversed(states) if record.key == b"g")
    changed = orjson.loads(last.value or b"") | {"name": "somebody else's"}
    await service.sender.send(
        OutRecord(service.names.flow_states, b"g", orjson.dumps(changed), (), partition)
    )

    said = await rescind("audit", "verify", "--partition", str(partition))

    assert said.code == 6
    assert "flow-states g" in said.out
    assert "state_differs, invariant 5" in said.out


async def test_a_state_that_cannot_be_read_is_found(service: Service, rescind: Command) -> None:
    await lives(service, rescind)
    await service.sender.send(stray(service, b"not a state"))

    said = await rescind("audit", "verify")

    assert said.code == 6
    assert "flow-states stray" in said.out


async def test_a_partition_that_is_not_there_is_told(service: Service, rescind: Command) -> None:
    said = await rescind("audit", "verify", "--partition", "7")

    assert said.code == 2
    assert "--partition to be one of the journal's, 0 to 1, but got 7" in said.complaint


async def test_an_outcome_that_is_missing_at_the_very_end_is_found(
    service: Service, rescind: Command
) -> None:
    await lives(service, rescind)
    partition = service.partition_of("g")
    states = await service.read(service.names.open_flows, partition)
    last = next(record for record in reversed(states) if record.key == POSITION_KEY)
    position = Position.from_json(last.value or b"")
    # As a service would have left it that has answered one more, if the journal had lost that.
    ahead = position.read("stop", position.stop.next).to_json()
    await service.sender.send(
        OutRecord(service.names.open_flows, POSITION_KEY, ahead, (), partition)
    )

    said = await rescind("audit", "verify", "--partition", str(partition))

    assert said.code == 6
    assert "chain_broken, invariant 4" in said.out
    assert f"outcomes in the stop lane up to {position.stop.next}, which was answered" in said.out


async def test_explain_tells_the_story_and_where_it_lies(
    service: Service, rescind: Command
) -> None:
    await running(service, "f", granted=1, waiting=2)
    await rescind("cancel", "f", "--reason", "wrong date")
    await service.until_told(RUNNER, "cancel_flow")
    await ended(service, "f", "t0", end="cancelled")

    said = await rescind("audit", "explain", "f")
    body = (await rescind("audit", "explain", "@latest", "--json")).json

    assert said.code == 0
    assert "asked to cancel it: “wrong date”." in said.out
    assert "2 task runs had nothing running and never will." in said.out
    assert "it was Cancelled: 1 stopped, 2 never started" in said.out.splitlines()[-1]
    assert "`rescind audit verify --partition" in said.err
    assert body["sentences"] == said.out.splitlines()
    proof = body["proof"]
    entries = (await rescind("journal", "tail", "--flow", "f", "--json")).json_lines
    places = [entry["place"] for entry in entries]
    assert [places[0]["offset"], places[-1]["offset"]] == [
        proof["first_offset"],
        proof["last_offset"],
    ]
    assert {place["partition"] for place in places} == {proof["partition"]}
    assert (proof["events"], proof["unreadable"]) == (len(entries), 0)


async def test_explain_of_an_unknown_id_is_one_line(service: Service, rescind: Command) -> None:
    said = await rescind("audit", "explain", "nobody")

    assert (said.code, said.out) == (5, "")
    assert "none is known as 'nobody'" in said.complaint


async def test_an_exported_journal_gives_the_same_states_where_there_is_no_kafka(
    service: Service, rescind: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lives(service, rescind)
    known = {f["flow_run_id"]: f["state"] for f in (await rescind("ls", "--json")).json}

    exported = await rescind("journal", "export", "--output", "journal.jsonl")
    monkeypatch.setenv("RESCIND_BOOTSTRAP", "127.0.0.1:1")
    said = await rescind("audit", "replay", "journal.jsonl")
    body = (await rescind("audit", "replay", "journal.jsonl", "--json")).json

    assert (exported.code, exported.out) == (0, "")
    assert said.code == 0, said.out
    assert said.out.startswith("whole ")
    assert "no states were there to compare" in said.out
    assert body["flow_runs"] == known
    assert set(known.values()) >= {"Finished.Cancelled", "Running", "Finished.Success"}
    assert [path.name for path in rescind.folder.iterdir()] == ["journal.jsonl"]


async def test_a_line_that_is_missing_or_changed_is_found_in_an_export(
    service: Service, rescind: Command
) -> None:
    await lives(service, rescind)
    await rescind("journal", "export", "-o", "journal.jsonl")
    file = rescind.folder / "journal.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    ends = [n for n, line in enumerate(lines) if b'"flow.succeeded.v1"' in line]

    file.write_bytes(b"".join(lines[: ends[0]] + lines[ends[0] + 1 :]))
    missing = await rescind("audit", "replay", "journal.jsonl")
    file.write_bytes(b"".join(lines).replace(b"flow.succeeded.v1", b"flow.perfect.v1"))
    changed = await rescind("audit", "replay", "journal.jsonl")

    assert missing.code == 6
    assert missing.out.splitlines()[-1] != ""
    assert "broken " in missing.out
    assert changed.code == 6
    assert "not read further: " in changed.out
    assert "flow.perfect.v1" in changed.out


async def test_what_is_no_event_is_exported_as_it_is(cluster: Cluster, rescind: Command) -> None:
    async with Sender(cluster.connection) as sender:
        await sender.send(OutRecord(cluster.names.journal, b"k", b"by a stranger", (), 0))

    exported = await rescind("journal", "export", "--json")
    (rescind.folder / "e.jsonl").write_text(exported.out)
    said = await rescind("audit", "replay", "e.jsonl")

    (odd,) = [line for line in exported.json_lines if "error" in line]
    assert base64.b64decode(odd["value_base64"]) == b"by a stranger"
    assert "1 record cannot be read; they are exported too" in exported.err
    assert said.code == 6


@pytest.mark.parametrize(
    "text", ["", "{}\n", "[1]\n", "no json\n", '{"place": {"partition": 0}}\n']
)
async def test_what_is_no_export_is_one_line(rescind: Command, text: str) -> None:
    file = rescind.folder / "some.jsonl"
    file.write_text(text)

    said = await rescind("audit", "replay", "some.jsonl")

    if not text:
        assert (said.code, said.out.split()[0]) == (0, "whole")
        return
    assert (said.code, said.out) == (2, "")
    assert "expected line 1 of some.jsonl to be a record" in said.complaint


async def test_a_file_that_cannot_be_read_or_written_is_one_line(rescind: Command) -> None:
    unread = await rescind("audit", "replay", "nowhere.jsonl")
    unwritten = await rescind("journal", "export", "-o", "nowhere/journal.jsonl")

    assert unread.code == unwritten.code == 2
    assert "expected FILE to be what `rescind journal export` has written" in unread.complaint
    assert "expected --output to be a file that can be written" in unwritten.complaint
