"""Batches as no well-behaved producer writes them: read, where aiokafka reads no further.

Whoever may write to a lane could stop it for ever with one record:

- Kafka stores any bytes as a header's name. aiokafka raises at the first that is not UTF-8, and
  again at each try. Names are read as Java's client does it, with a replacement character for
  what is no text. The usual parser does all the work until it fails; then the batch is parsed
  again, by the one in Python.
- A batch that is packed may be of any size. One beyond `UNPACKED_BYTES_MAX` is not read: each of
  its records is handed on with a value that is `Unread`.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import (
    DefaultRecordBatch,
    _DefaultRecordBatchPy,
    _DefaultRecordPy,
)
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint_py

from rescind.kafka.reading.unpacking import unpacked
from rescind.kafka.records import UNPACKED_BYTES_MAX, Unread

__all__ = ["read_any_batch"]

# Where a batch says how long the rest of it is, and from where that counts.
_LENGTH_AT = 8
_LENGTH_FROM = 12
_HEADER_BYTES = _DefaultRecordBatchPy.HEADER_STRUCT.size
# The last byte of the attributes, and what of it names the codec.
_CODEC_AT = 22
_CODEC_MASK = _DefaultRecordBatchPy.CODEC_MASK
_KEPT_BYTES = 1024


def read_any_batch() -> None:
    """Do it for every consumer of this process; doing it twice changes nothing."""
    # Looked up at each fetch; tests read such batches, and so guard all that is used here.
    fetcher.MemoryRecords = _Records


class _Records:
    """The batches of one fetch, as aiokafka has them."""

    def __init__(self, data: bytes) -> None:
        self._records: Any = MemoryRecords(data)
        self._data = memoryview(data)
        self._at = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._records, name)

    def next_batch(self) -> Any:
        begin = self._at
        length = int.from_bytes(self._data[begin + _LENGTH_AT : begin + _LENGTH_FROM])
        self._at = begin + _LENGTH_FROM + length
        return _Batch(self._records.next_batch(), self._data[begin : self._at])


class _Batch:
    """One batch: everything is asked of the usual one, but for the records."""

    def __init__(self, batch: Any, data: memoryview) -> None:
        self._batch = batch
        self._data = data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        codec = self._batch.compression_type
        if not codec:
            yield from _read(self._batch, self._data)
            return
        found = unpacked(codec, bytes(self._data[_HEADER_BYTES:]), UNPACKED_BYTES_MAX)
        if found.is_whole:
            header = bytearray(self._data[:_HEADER_BYTES])
            header[_CODEC_AT] &= ~_CODEC_MASK
            data = b"".join((header, found.data))
            yield from _read(DefaultRecordBatch(data), data)
        else:
            beginning = bytes(found.data[:_KEPT_BYTES])
            del found
            yield from self._unread(beginning)

    def _unread(self, beginning: bytes) -> Iterator[Any]:
        # Kafka takes no batch whose count of records is not that of its offsets.
        batch = self._batch
        for offset in range(batch.base_offset, batch.next_offset):
            yield _DefaultRecordPy(
                offset, batch.max_timestamp, batch.timestamp_type, None, Unread(beginning), []
            )


def _read(batch: Any, data: bytes | memoryview) -> Iterator[Any]:
    count = 0
    try:
        for record in batch:
            yield record
            count += 1
    except (UnicodeDecodeError, CorruptRecordException):
        yield from islice(_read_again(data), count, None)


def _read_again(data: bytes | memoryview) -> Iterator[Any]:
    batch: Any = _DefaultRecordBatchPy(data)
    batch._buffer = _AnyText(batch._buffer)  # noqa: SLF001
    for _ in range(batch._num_records):  # noqa: SLF001
        yield batch._read_msg(decode_varint_py)  # noqa: SLF001


class _AnyText(bytearray):
    """Bytes of which every part can be decoded."""

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return _AnyText(found) if isinstance(key, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:
        return super().decode(encoding, errors)
