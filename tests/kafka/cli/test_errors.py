"""What goes wrong is one line with a remedy, and a code of its own: the command as a process."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator

import pytest

from tests.kafka.cli.command import Command
from tests.kafka.processors.service import KEY

EVERYTHING = [
    ("ls",),
    ("show", "f"),
    ("watch", "f"),
    ("cancel", "f"),
    ("journal", "tail"),
    ("topics", "check"),
    ("audit", "verify"),
]


@contextlib.asynccontextmanager
async def old_broker() -> AsyncIterator[str]:
    """Answers the one question that every command asks first, as Kafka 4.0 does."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                size = int.from_bytes(await reader.readexactly(4))
                request = await reader.readexactly(size)
                body = request[4:8] + _api_versions(int.from_bytes(request[2:4]))
                writer.write(len(body).to_bytes(4) + body)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


def _api_versions(version: int) -> bytes:
    """The answer to ``ApiVersions``: that question alone, in versions 0 to 3; metadata level 25."""
    only = struct.pack(">hhh", 18, 0, 3)
    throttled = bytes(4)
    if version < 3:
        return bytes(2) + struct.pack(">i", 1) + only + (throttled if version else b"")
    name = b"metadata.version"
    feature = bytes([2, len(name) + 1]) + name + struct.pack(">hh", 1, 25) + bytes(1)
    tags = bytes([1, 0, len(feature)]) + feature
    return bytes(2) + bytes([2]) + only + bytes(1) + throttled + tags


@pytest.mark.parametrize("arguments", EVERYTHING, ids=" ".join)
async def test_without_a_broker_each_command_says_where_it_looked_and_what_to_do(
    arguments: tuple[str, ...], rescind: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RESCIND_BOOTSTRAP")

    said = await rescind(*arguments)

    assert (said.code, said.out) == (3, "")
    assert str(rescind.folder) in said.complaint
    assert "run `rescind up`, or set RESCIND_BOOTSTRAP" in said.complaint


@contextlib.asynccontextmanager
async def broker_of_another_protocol() -> AsyncIterator[str]:
    """Closes every connection at the first words, as a listener does that expected others."""

    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.close()

    async with await asyncio.start_server(close, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL"])
async def test_a_broker_that_speaks_another_protocol_is_told_with_the_setting_to_change(
    rescind: Command, protocol: str
) -> None:
    async with broker_of_another_protocol() as address:
        said = await rescind.process(
            "ls", RESCIND_BOOTSTRAP=address, RESCIND_SECURITY_PROTOCOL=protocol
        )

    assert (said.code, said.out) == (3, "")
    assert said.complaint.endswith("or RESCIND_SECURITY_PROTOCOL to what it speaks there")


async def test_nobody_at_the_address_is_told_within_seconds(rescind: Command) -> None:
    said = await rescind.process("ls", RESCIND_BOOTSTRAP="127.0.0.1:1")

    assert (said.code, said.out) == (3, "")
    assert "expected a Kafka broker at 127.0.0.1:1, but none answered" in said.complaint


async def test_a_broker_that_is_too_old_is_named_with_what_is_supported(rescind: Command) -> None:
    async with old_broker() as bootstrap:
        said = await rescind.process("cancel", "f", RESCIND_BOOTSTRAP=bootstrap)

    assert (said.code, said.out) == (4, "")
    assert "expected Apache Kafka 4.1 to 4.4" in said.complaint
    assert "but it is Kafka 4.0; upgrade the broker" in said.complaint


async def test_a_setting_that_is_wrong_is_named(rescind: Command) -> None:
    said = await rescind.process("ls", RESCIND_BOOTSTRAP="kafka")

    assert (said.code, said.out) == (2, "")
    assert "expected RESCIND_BOOTSTRAP to be addresses of the form host:port" in said.complaint


async def test_topics_that_are_missing_are_told_with_the_command_that_makes_them(
    rescind: Command, unique_prefix: str
) -> None:
    said = await rescind.process("ls", RESCIND_TOPIC_PREFIX=f"{unique_prefix}none.")

    assert (said.code, said.out) == (4, "")
    assert "is missing: run `rescind topics create`" in said.complaint


@pytest.mark.parametrize("service", ["worker", "agents"])
async def test_a_service_says_its_settings_and_does_not_begin_without_its_topics(
    rescind: Command, unique_prefix: str, service: str
) -> None:
    said = await rescind.process(service, RESCIND_TOPIC_PREFIX=f"{unique_prefix}none.")

    begins, settings, complaint = said.err.splitlines()
    assert "the service starts" in begins
    assert (said.code, said.out) == (4, "")
    assert f'"RESCIND_TOPIC_PREFIX": "{unique_prefix}none."' in settings
    assert "RESCIND_SIGNING_KEYS" in settings
    assert KEY not in settings
    assert "14 with the prefix 'test-" in complaint
    assert "are missing: run `rescind topics create`" in complaint


async def test_a_port_that_is_taken_is_told_before_anything_is_started(rescind: Command) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = await rescind.process(
            "up", RESCIND_BOOTSTRAP="", RESCIND_EMBEDDED_PORT=str(port), RESCIND_SIGNING_KEYS=""
        )

    assert said.code == 4
    assert f"expected port {port} on 127.0.0.1 to be free" in said.err.splitlines()[-1]
    assert "RESCIND_EMBEDDED_PORT" in said.err.splitlines()[-1]


async def test_a_reader_that_goes_away_is_no_error(rescind: Command) -> None:
    process = await rescind.start("topics", "describe")
    assert process.stdout is not None
    # The other end of the pipe closes before anything is written.
    process.stdout._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001
    _, err = await process.communicate()

    assert (process.returncode, err) == (141, b"")
