"""Records as no well-behaved client writes them, in a batch that a broker takes."""

from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.record import default_records

__all__ = ["send_with_header_name"]


class _AnyName(str):
    """A name that is written as other bytes than its own."""

    __slots__ = ("raw",)
    raw: bytes

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        del encoding, errors
        return self.raw


class _Built:
    """A batch that is built already."""

    def __init__(self, data: bytearray, count: int) -> None:
        self._data = data
        self._count = count

    def size(self) -> int:
        return len(self._data)

    def record_count(self) -> int:
        return self._count

    def build(self) -> bytearray:
        return self._data

    def close(self) -> None:
        pass


async def send_with_header_name(
    bootstrap: str, topic: str, partition: int, values: list[bytes], name: bytes
) -> None:
    """Send these values in one batch; every second one has a header of that name."""
    header = _AnyName("x")
    header.raw = name
    builder = default_records._DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, -1, 1 << 20)  # noqa: SLF001
    for offset, value in enumerate(values):
        headers: list[tuple[str, bytes | None]] = [(header, b"v")] if offset % 2 else []
        builder.append(offset, 1, b"k", value, headers=headers)
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        batch: Any = producer.create_batch()
        batch._builder = _Built(builder.build(), len(values))  # noqa: SLF001
        batch._relative_offset = len(values)  # noqa: SLF001
        await (await producer.send_batch(batch, topic, partition=partition))
