"""Requests that are larger than a lane takes, packed by their producer: refused, and outlived."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from confluent_kafka import Producer

from rescind.events.journal import RequestRefused
from rescind.events.requests import RECORD_BYTES_MAX
from rescind.kafka.reading import batches
from rescind.kafka.records import UNPACKED_BYTES_MAX, Record
from rescind.kafka.topics import LANE_RECORD_BYTES_MAX
from tests.kafka.processors.journal import Asked, code_of, types_of
from tests.kafka.processors.service import Service
from tests.kafka.processors.verdict import assert_at_rest_and_right

CODECS = ["gzip", "snappy", "lz4", "zstd"]
MIB = 1 << 20
CANCEL = b'{"type":"flow.cancel","flow_run_id":"flow-1"}'


class Stranger:
    """A plain producer that packs what it sends; Kafka's limit is on what is packed."""

    def __init__(self, service: Service, codec: str, **options: Any) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": service.connection.bootstrap,
                "compression.type": codec,
                "message.max.bytes": 500 * MIB,
                **options,
            }
        )
        self._lane = service.names.stop_requests

    def ask(
        self, *values: bytes, partition: int, key: bytes | None = None, header: bytes | None = None
    ) -> list[Asked]:
        """Send these together, and wait until Kafka has them."""
        places: list[Asked] = []

        def note(error: object, message: Any) -> None:
            assert error is None, error
            places.append(Asked("stop", partition, message.offset(), message.timestamp()[1]))

        headers: list[tuple[str, str | bytes | None]] = [] if header is None else [("h", header)]
        for value in values:
            self._producer.produce(
                self._lane, value, key, partition, headers=headers, on_delivery=note
            )
        assert self._producer.flush(60) == 0
        return places


def message_of(outcome: Any) -> str:
    (entry,) = outcome
    assert isinstance(entry.event, RequestRefused)
    return entry.event.message


async def letters_of(service: Service, partition: int) -> dict[bytes | None, Record]:
    letters = await service.read(service.names.dead_letters, partition)
    return {letter.header("rescind-position"): letter for letter in letters}


@pytest.mark.parametrize("codec", CODECS)
async def test_a_packed_request_that_is_too_large_is_unreadable_and_its_beginning_is_kept(
    service: Service, codec: str
) -> None:
    value = CANCEL[:-1] + b',"reason":"' + b"again " * (MIB // 2) + b'"}'
    (asked,) = Stranger(service, codec).ask(value, partition=1, key=b"k", header=b"v")
    async with service.worker():
        outcome = await service.journal.outcome_of(asked)
        assert code_of(outcome) == "unreadable"
        begins = f"expected at most {RECORD_BYTES_MAX} bytes, but the record has "
        assert message_of(outcome).startswith(begins)
        (letter,) = (await letters_of(service, 1)).values()
        assert letter.value is not None
        assert RECORD_BYTES_MAX < len(letter.value) < LANE_RECORD_BYTES_MAX
        assert value.startswith(letter.value)
        assert (letter.key, letter.header("h")) == (b"k", b"v")
        assert letter.header("rescind-truncated") == str(len(value) + 1 + 10).encode()
        after = await service.answer_to({"type": "runner.leave", "runner_id": "r"}, partition=1)
        assert types_of(after) == ["runner.left"]
        await assert_at_rest_and_right(service)


@pytest.mark.parametrize("of_what", ["key", "header"])
async def test_a_packed_request_with_a_key_or_a_header_that_is_too_large_is_outlived(
    service: Service, of_what: str
) -> None:
    partition = service.partition_of("flow-1")
    large: dict[str, Any] = {of_what: b"again " * (MIB // 2)}
    (asked,) = Stranger(service, "zstd").ask(CANCEL, partition=partition, **large)
    async with service.worker():
        outcome = await service.journal.outcome_of(asked)
        if of_what == "key":
            # It is the value that counts; Kafka has had the key.
            assert types_of(outcome) == ["cancellation.armed"]
        else:
            assert code_of(outcome) == "unreadable"
            (letter,) = (await letters_of(service, partition)).values()
            assert (letter.value, letter.header("h")) == (CANCEL, None)
            assert int(letter.header("rescind-truncated") or b"") > 3 * MIB
        await assert_at_rest_and_right(service)


async def test_headers_count_before_a_request_is_sent_on(service: Service) -> None:
    elsewhere = (service.partition_of("flow-1") + 1) % service.partitions
    header = bytes(LANE_RECORD_BYTES_MAX - 160)
    async with service.worker():
        asked = await service.ask(CANCEL, partition=elsewhere, key=b"k", headers=[("h", header)])
        outcome = await service.journal.outcome_of(asked)
        assert code_of(outcome) == "unreadable"
        assert message_of(outcome).endswith(" with its headers")
        (letter,) = (await letters_of(service, elsewhere)).values()
        assert (letter.value, letter.header("h")) == (CANCEL, header)
        # A request with what headers it may have is sent on, with more around it.
        header = bytes(RECORD_BYTES_MAX - len(CANCEL) - 9)
        wide = [("h", header)]
        asked = await service.ask(CANCEL, partition=elsewhere, key=b"k", headers=wide)
        assert types_of(await service.journal.outcome_of(asked)) == ["request.forwarded"]
        await service.journal.until(lambda: len(service.journal.about("flow-1")) == 1)
        await assert_at_rest_and_right(service)


async def test_a_refusal_that_fails_as_well_keeps_the_bytes(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall_over(*anything: Any) -> Any:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("rescind.statemachine.answer.decide", fall_over)
    monkeypatch.setattr("rescind.processors.lifecycle.lifecycle.Batch._refuse_bug", fall_over)
    async with service.worker():
        outcome = await service.answer_to(orjson.loads(CANCEL))
        assert code_of(outcome) == "internal_error"
        (letter,) = (await letters_of(service, service.partition_of("flow-1"))).values()
        assert orjson.loads(letter.value or b"") == orjson.loads(CANCEL)
        assert letter.header("rescind-code") == b"internal_error"


def memory_bytes(which: str) -> int:
    """Of this process: what it has (VmRSS), or the most that it had since `forget_peak` (VmHWM)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(which):
            return int(line.split()[1]) << 10
    raise AssertionError(which)


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


@pytest.mark.parametrize("codec, mib", [("gzip", 200), ("lz4", 200), ("zstd", 400)])
async def test_what_unpacks_to_far_more_than_a_lane_takes_is_not_unpacked(
    service: Service, codec: str, mib: int
) -> None:
    # At its usual level gzip takes 12 s for twice as much.
    stranger = Stranger(service, codec, **{"compression.level": 1})
    # In a thread: the loop has to look after the connection of the test's own reader.
    (asked,) = await asyncio.to_thread(stranger.ask, bytes(mib * MIB), partition=1, key=b"k")
    del stranger
    forget_peak()
    before = memory_bytes("VmRSS")
    async with service.worker():
        outcome = await service.journal.outcome_of(asked)
        assert code_of(outcome) == "unreadable"
        expected = f"expected a batch that unpacks to at most {UNPACKED_BYTES_MAX} bytes"
        assert message_of(outcome).startswith(expected)
        after = await service.answer_to({"type": "runner.leave", "runner_id": "r"}, partition=1)
        assert types_of(after) == ["runner.left"]
        (letter,) = (await letters_of(service, 1)).values()
        assert letter.header("rescind-truncated") == f"more than {UNPACKED_BYTES_MAX}".encode()
        assert letter.value is not None
        assert letter.value.endswith(bytes(900))
        await assert_at_rest_and_right(service)
    # The bound twice over, and what the client holds beside.
    assert memory_bytes("VmHWM") - before < 5 * UNPACKED_BYTES_MAX


@pytest.mark.parametrize("codec", CODECS)
async def test_each_request_of_a_batch_that_is_not_read_has_one_outcome(
    service: Service, codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "UNPACKED_BYTES_MAX", MIB)
    together = Stranger(service, codec, **{"linger.ms": 1000, "batch.size": 500 * MIB})
    partition = service.partition_of("flow-1")
    small = [CANCEL[:-1] + b',"request_id":"c%d"}' % number for number in range(3)]
    asked = together.ask(*small, bytes(MIB), *small, partition=partition)
    (fine,) = Stranger(service, codec).ask(CANCEL, partition=partition)
    assert [each.offset for each in (*asked, fine)] == list(range(8))
    async with service.worker():
        assert types_of(await service.journal.outcome_of(fine)) == ["cancellation.armed"]
        outcomes = [await service.journal.outcome_of(one) for one in asked]
        assert [code_of(outcome) for outcome in outcomes] == ["unreadable"] * 7
        assert len(await letters_of(service, partition)) == 7
        await assert_at_rest_and_right(service)


async def test_a_batch_within_the_bound_is_read_however_well_it_is_packed(
    service: Service,
) -> None:
    together = Stranger(service, "zstd", **{"linger.ms": 1000, "batch.size": 500 * MIB})
    partition = service.partition_of("flow-1")
    values = [CANCEL[:-1] + b',"nobody knows":"%s"}' % (b"x" * 1_000_000)] * 20
    places = together.ask(*values, partition=partition)
    async with service.worker():
        outcomes = [await service.journal.outcome_of(one) for one in places]
        assert types_of(outcomes[0]) == ["cancellation.armed"]
        assert await letters_of(service, partition) == {}
        await assert_at_rest_and_right(service)
