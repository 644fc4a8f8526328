"""Records whose headers have names that are no text: read, where aiokafka reads no further.

Kafka stores any bytes as a header's name. aiokafka raises at the first that is not UTF-8, and
again at each try: whoever may write to a lane could stop it for ever with one record. Names are
read as Java's client does it, with a replacement character for what is no text. The usual parser
does all the work until it fails; then the batch is parsed again, by the one in Python.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint_py

__all__ = ["read_any_header_name"]

# Where a batch says how long the rest of it is, and from where that counts.
_LENGTH_AT = 8
_LENGTH_FROM = 12


def read_any_header_name() -> None:
    """Do it for every consumer of this process; doing it twice changes nothing."""
    # Looked up at each fetch; a test reads such a record, and so guards all that is used here.
    fetcher.MemoryRecords = _Records


class _Records:
    """The batches of one fetch, as aiokafka has them."""

    def __init__(self, data: bytes) -> None:
        self._records: Any = MemoryRecords(data)
        self._data = data
        self._at = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._records, name)

    def next_batch(self) -> Any:
        begin = self._at
        length = int.from_bytes(self._data[begin + _LENGTH_AT : begin + _LENGTH_FROM])
        self._at = begin + _LENGTH_FROM + length
        return _Batch(self._records.next_batch(), self._data, begin, self._at)


class _Batch:
    """One batch: everything is asked of the usual one, but for the records."""

    def __init__(self, batch: Any, data: bytes, begin: int, end: int) -> None:
        self._batch = batch
        self._data = data
        self._begin = begin
        self._end = end

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        count = 0
        try:
            for record in self._batch:
                yield record
                count += 1
        except (UnicodeDecodeError, CorruptRecordException):
            yield from islice(self._read_again(), count, None)

    def _read_again(self) -> Iterator[Any]:
        batch: Any = _DefaultRecordBatchPy(self._data[self._begin : self._end])
        batch._maybe_uncompress()  # noqa: SLF001
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
