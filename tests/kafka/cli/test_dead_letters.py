"""`rescind dead-letters ls`, `show`, `retry` on a real Kafka."""

import base64

from rescind.kafka.records import OutRecord
from tests.kafka.cli.command import Command
from tests.kafka.processors.journal import types_of
from tests.kafka.processors.service import Service

CANCEL = b'{"type": "flow.cancel", "flow_run_id": "f", "reason": "enough"}'


async def put_aside(service: Service, value: bytes, *, code: str = "internal_error") -> str:
    """A dead letter as a worker with a bug would have left it; its place."""
    partition = service.partition_of("f")
    position = f"{service.names.stop_requests}-{partition}-7"
    headers = (
        ("h", b"v"),
        ("rescind-code", code.encode()),
        ("rescind-why", b"KeyError: it was a bug"),
        ("rescind-position", position.encode()),
    )
    record = OutRecord(service.names.dead_letters, b"f", value, headers, partition)
    sent = await service.sender.send(record)
    return f"{sent.partition}:{sent.offset}"


async def test_ls_has_each_with_its_place_its_reason_and_where_it_lay(
    service: Service, rescind: Command
) -> None:
    asked = await service.ask(b"{", partition=1)
    await service.journal.outcome_of(asked)
    place = await put_aside(service, CANCEL)

    said = await rescind("dead-letters", "ls")
    body = (await rescind("dead-letters", "ls", "--code", "unreadable", "--json")).json

    assert said.code == 0
    assert said.out.split()[0] == "PLACE"
    (bug,) = [line for line in said.out.splitlines() if "internal_error" in line]
    assert bug.split()[0] == place
    assert "KeyError: it was a bug" in bug
    (unreadable,) = body
    assert unreadable["code"] == "unreadable"
    assert unreadable["lay_in"] == {
        "topic": service.names.stop_requests,
        "partition": 1,
        "offset": asked.offset,
    }
    assert unreadable["is_whole"]


async def test_ls_shows_the_latest_and_says_how_many_came_before(
    service: Service, rescind: Command
) -> None:
    places = [await put_aside(service, b"{%d}" % number) for number in range(3)]

    said = await rescind("dead-letters", "ls", "--limit", "2")

    shown = [line.split()[0] for line in said.out.splitlines()[1:]]
    assert shown == places[1:]
    assert "1 earlier ones: --limit 0 shows all." in said.err


async def test_ls_of_none_is_a_sentence(service: Service, rescind: Command) -> None:
    said = await rescind("dead-letters", "ls")

    assert (said.code, said.out) == (0, "")
    assert "There is no dead letter." in said.err


async def test_show_has_the_bytes_as_they_came_and_what_to_do(
    service: Service, rescind: Command
) -> None:
    readable = await put_aside(service, CANCEL)
    strange = await put_aside(service, b"\x1b[2J\x00not json")

    said = await rescind("dead-letters", "show", readable)
    other = await rescind("dead-letters", "show", strange)
    body = (await rescind("dead-letters", "show", strange, "--json")).json

    assert '"reason": "enough"' in said.out
    assert "KeyError: it was a bug" in said.out
    assert "h: v" in said.out
    assert r"\x1b[2J\x00not json" in other.out
    assert "\x1b" not in other.out
    assert base64.b64decode(body["value_base64"]) == b"\x1b[2J\x00not json"
    assert body["headers_base64"] == [["h", base64.b64encode(b"v").decode()]]
    assert body["value"] is None


async def test_retry_asks_the_same_again_and_shows_the_answer(
    service: Service, rescind: Command
) -> None:
    place = await put_aside(service, CANCEL)

    said = await rescind("dead-letters", "retry", place, "--json")

    (outcome,) = said.json
    assert said.code == 0
    assert outcome["events"] == ["cancellation.armed.v1"]
    # In the lane it lies as it had come, and without what was said about it.
    (again,) = await service.read(service.names.stop_requests, service.partition_of("f"))
    assert (again.key, again.value, list(again.headers)) == (b"f", CANCEL, [("h", b"v")])
    assert types_of(service.journal.about("f")) == ["cancellation.armed"]


async def test_what_is_refused_again_ends_with_1_and_the_others_are_asked(
    service: Service, rescind: Command
) -> None:
    unreadable, readable = await put_aside(service, b"{"), await put_aside(service, CANCEL)

    said = await rescind("dead-letters", "retry", unreadable, readable)

    assert said.code == 1
    assert "unreadable" in said.out
    assert "armed: nobody knows this id yet" in said.out
    # What could not be read has become another one.
    letters = (await rescind("dead-letters", "ls", "--json")).json
    assert [letter["code"] for letter in letters].count("unreadable") == 1


async def test_what_is_only_a_beginning_is_not_asked_again(
    service: Service, rescind: Command
) -> None:
    partition = service.partition_of("f")
    said_about = {
        "rescind-code": b"too_large",
        "rescind-why": b"it is too large",
        "rescind-position": f"{service.names.stop_requests}-{partition}-7".encode(),
        "rescind-truncated": b"2000000",
    }
    letter = OutRecord(
        service.names.dead_letters, b"f", CANCEL, tuple(said_about.items()), partition
    )
    sent = await service.sender.send(letter)

    said = await rescind("dead-letters", "retry", f"{sent.partition}:{sent.offset}")

    assert said.code == 1
    assert "only the beginning of 2000000 bytes is kept" in said.complaint
    assert await service.read(service.names.stop_requests) == []


async def test_a_place_where_none_lies_is_one_line_and_nothing_is_sent(
    service: Service, rescind: Command
) -> None:
    place = await put_aside(service, CANCEL)
    by_a_stranger = OutRecord(service.names.dead_letters, b"k", b"v", (), 0)
    strange = await service.sender.send(by_a_stranger)

    for nowhere in ("0:999", "99:0", "0", "x:y", "²:0", f"0:{strange.offset}"):
        said = await rescind("dead-letters", "retry", place, nowhere)
        assert (said.code, said.out) == (5, ""), nowhere
        assert f"none lies at {nowhere!r}; `rescind dead-letters ls` lists them" in said.complaint
    assert await service.read(service.names.stop_requests) == []


async def test_without_a_worker_it_says_that_nobody_has_answered(
    idle_service: Service, rescind: Command
) -> None:
    place = await put_aside(idle_service, CANCEL)

    said = await rescind("dead-letters", "retry", place, "--answer-within", "2")

    assert said.code == 7
    assert "it counts as soon as a worker runs: `rescind doctor`" in said.complaint
