"""Whatever a stranger puts on a lane gets an outcome, and the next request is not disturbed."""

import random
from typing import Any

import orjson
import pytest
from confluent_kafka import Producer

from rescind.events.journal import RequestRefused
from rescind.events.requests import RECORD_BYTES_MAX
from rescind.kafka.topics import LANE_RECORD_BYTES_MAX
from tests.kafka.hostile import send_with_header_name
from tests.kafka.processors.journal import code_of, types_of
from tests.kafka.processors.service import Service
from tests.kafka.processors.verdict import assert_at_rest_and_right


def cancel(**more: Any) -> dict[str, Any]:
    return {"type": "flow.cancel", "flow_run_id": "flow-1", **more}


def nested(levels: int) -> bytes:
    return b'{"type":"flow.cancel","flow_run_id":"f","x":' + b"[" * levels + b"]" * levels + b"}"


def ends(count: int) -> dict[str, Any]:
    items = [{"task_run_id": f"t{n}", "end": "success"} for n in range(count)]
    return {"type": "task.finish", "flow_run_id": "flow-1", "runner_id": "r", "items": items}


# What lies on the lane, and how its refusal begins: with the path of the first error, if any.
BAD: dict[str, tuple[bytes | None, str]] = {
    "no value": (None, "expected a JSON object"),
    "an empty value": (b"", ""),
    "unreadable JSON": (b'{"type":"flow.cancel",', ""),
    "no object": (b'["flow.cancel"]', ""),
    "null": (b"null", ""),
    "an unknown type": (orjson.dumps(cancel(type="flow.explode")), "type"),
    "no type": (b'{"flow_run_id":"flow-1"}', "type"),
    "a wrong type of a field": (orjson.dumps(cancel(reason=7)), "reason"),
    "an id with a slash": (orjson.dumps(cancel(flow_run_id="a/b")), "flow_run_id"),
    "an id that begins with @": (orjson.dumps(cancel(flow_run_id="@position")), "flow_run_id"),
    "an id of control characters": (orjson.dumps(cancel(flow_run_id="a\nb")), "flow_run_id"),
    "an id of 129 characters": (orjson.dumps(cancel(flow_run_id="x" * 129)), "flow_run_id"),
    "an empty id": (orjson.dumps(cancel(flow_run_id="")), "flow_run_id"),
    "501 items": (orjson.dumps(ends(501)), "items"),
    "a wrong item": (orjson.dumps(ends(3)).replace(b'"t1"', b"1"), "items.1.task_run_id"),
    "33 levels of nesting": (nested(33), "expected at most 32"),
    "100,000 levels of nesting": (nested(100_000), "expected at most 32"),
    "garbage bytes": (random.Random(1).randbytes(4096), ""),
    "text that is not UTF-8": (b'{"type":"flow.cancel","flow_run_id":"\xff"}', ""),
    "half a surrogate pair": (b'{"type":"flow.cancel","flow_run_id":"\\ud800"}', ""),
    "an infinite number": (b'{"type":"flow.cancel","flow_run_id":"f","grace_seconds":1e999}', ""),
    "more than 1 MiB": (b" " * (RECORD_BYTES_MAX + 1), "expected at most 1048576 bytes"),
    "as much as a lane takes": (b"x" * (LANE_RECORD_BYTES_MAX - 1000), "expected at most"),
}


async def test_what_cannot_be_read_is_refused_and_buried_and_the_next_request_goes_on(
    service: Service,
) -> None:
    async with service.worker():
        asked = {
            name: await service.ask(value, partition=1, key=b"as it came", headers=[("h", b"v")])
            for name, (value, _) in BAD.items()
        }
        after = await service.ask({"type": "runner.register", "runner_id": "r"}, partition=1)
        # One more on the same lane, so that nothing before it can be missing.
        last = await service.ask({"type": "runner.leave", "runner_id": "another"}, partition=1)
        outcomes = {name: await service.journal.outcome_of(one) for name, one in asked.items()}
        assert types_of(await service.journal.outcome_of(after)) == ["runner.registered"]
        assert types_of(await service.journal.outcome_of(last)) == ["runner.left"]
        letters = {
            record.header("rescind-position"): record
            for record in await service.read(service.names.dead_letters, 1)
        }
        for name, (value, begins) in BAD.items():
            assert code_of(outcomes[name]) == "unreadable", name
            refused = outcomes[name][0].event
            assert isinstance(refused, RequestRefused)
            assert refused.message.startswith(begins), (name, refused.message)
            place = f"{service.names.stop_requests}-1-{asked[name].offset}".encode()
            letter = letters.pop(place)
            assert (letter.value, letter.key) == (value, b"as it came"), name
            assert letter.header("h") == b"v"
            assert letter.header("rescind-code") == b"unreadable"
            assert (letter.header("rescind-why") or b"").decode() == refused.message
        assert letters == {}
        await assert_at_rest_and_right(service)


async def test_what_a_newer_client_says_beside_is_not_heard(service: Service) -> None:
    async with service.worker():
        outcome = await service.answer_to(cancel(colour="blue", actor={"kind": "user", "id": "u"}))
        assert types_of(outcome) == ["cancellation.armed"]


async def test_a_list_of_five_hundred_is_answered_item_by_item(service: Service) -> None:
    async with service.worker():
        await service.begin("flow-1", "r")
        items = [{"task_run_id": f"t{n}"} for n in range(500)]
        for wrong in (7, 70, 300):
            items[wrong] = items[wrong - 1]
        outcome = await service.answer_to(
            {"type": "task.register", "flow_run_id": "flow-1", "runner_id": "r", "items": items}
        )
        refused = [e.event.item for e in outcome if isinstance(e.event, RequestRefused)]
        assert refused == [7, 70, 300]
        assert types_of(outcome).count("task.registered") == 497
        await assert_at_rest_and_right(service)


async def test_headers_that_say_something_else_than_the_value_are_refused(
    service: Service,
) -> None:
    async with service.worker():
        agreeing = [("ce_type", b"flow.cancel"), ("ce_subject", b"flow-1"), ("ce_id", b"c1")]
        outcome = await service.answer_to(cancel(request_id="c1"), headers=agreeing)
        assert types_of(outcome) == ["cancellation.armed"]
        for name, content in [("ce_type", b"flow.start"), ("ce_subject", b"flow-2")]:
            assert code_of(await service.answer_to(cancel(), headers=[(name, content)])) == (
                "unreadable"
            )
        letters = await service.read(service.names.dead_letters)
        assert [letter.header("rescind-why") for letter in letters if letter.value] != []
        assert len(letters) == 2


async def test_longest_names_in_a_list_of_five_hundred_fit_into_the_answer(
    service: Service,
) -> None:
    # Four bytes a character: the answer of each item names the request and the ids again.
    wide = "\N{GRINNING FACE}"
    flow_run_id, runner_id = wide * 128, "r"
    async with service.worker():
        await service.begin(flow_run_id, runner_id)
        items = [{"task_run_id": wide * 124 + f"{n:04}"} for n in range(500)]
        about = {"flow_run_id": flow_run_id, "runner_id": runner_id, "request_id": wide * 512}
        started = await service.answer_to({"type": "task.start", **about, "items": items})
        assert {code_of([entry]) for entry in started} == {"unknown_task"}
        told = await service.until_told(runner_id, "refusals", 500)
        assert [refusal["item"] for refusal in told] == list(range(500))
        await assert_at_rest_and_right(service)


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_a_compressed_request_is_read(service: Service, codec: str) -> None:
    producer = Producer(
        {"bootstrap.servers": service.connection.bootstrap, "compression.type": codec}
    )
    reason = "again and again " * 40
    producer.produce(
        service.names.stop_requests,
        orjson.dumps(cancel(reason=reason)),
        partition=service.partition_of("flow-1"),
        headers=[("without", None), ("empty", b"")],
    )
    assert producer.flush(30) == 0
    async with service.worker():
        await service.journal.until(lambda: len(service.journal.about("flow-1")) == 1)
    (armed,) = service.journal.entries
    assert types_of([armed]) == ["cancellation.armed"]


async def test_a_header_whose_name_is_no_text_stops_nobody(service: Service) -> None:
    cancels = [orjson.dumps(cancel(request_id=f"c{number}")) for number in range(4)]
    bootstrap, lane = service.connection.bootstrap, service.names.stop_requests
    partition = service.partition_of("flow-1")
    await send_with_header_name(bootstrap, lane, partition, cancels, b"\xff\xfe name")
    async with service.worker():
        await service.answer_to({"type": "runner.leave", "runner_id": "r"}, partition=partition)
        answered = [entry.request_id for entry in service.journal.about("flow-1")]
        assert answered == ["c0", "c1", "c2", "c3"]
        await assert_at_rest_and_right(service)
