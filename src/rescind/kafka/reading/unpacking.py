"""What a producer has compressed, unpacked as far as a bound and no further.

Kafka's limits are on packed bytes, and a megabyte of zstd may hold gigabytes. aiokafka unpacks a
batch whole, before anybody sees how large it is: whoever may write to a lane could end every
worker, one after the other, with one record.
"""

import gzip
import io
import struct
from typing import Any, Final, NamedTuple

import cramjam
from aiokafka.codec import _detect_xerial_stream
from aiokafka.record.default_records import DefaultRecordBase

__all__ = ["Unpacked", "unpacked"]

# Requests that look much alike are packed to a sixteenth.
_USUAL_RATIO: Final = 16
_XERIAL_HEADER_BYTES: Final = 16


class Unpacked(NamedTuple):
    """The records of a batch, or their beginning, which may be nothing."""

    data: bytes | bytearray
    is_whole: bool


def unpacked(codec: int, packed: bytes, bytes_max: int) -> Unpacked:
    """Unpack by one of Kafka's codecs; whole only if it is at most so large."""
    if codec == DefaultRecordBase.CODEC_GZIP:
        data = gzip.GzipFile(fileobj=io.BytesIO(packed)).read(bytes_max + 1)
        return Unpacked(data, len(data) <= bytes_max)
    if codec == DefaultRecordBase.CODEC_SNAPPY:
        return _of_snappy(packed, bytes_max)
    into: Any = {
        DefaultRecordBase.CODEC_LZ4: cramjam.lz4.decompress_into,
        DefaultRecordBase.CODEC_ZSTD: cramjam.zstd.decompress_into,
    }[codec]
    return _filled(into, packed, bytes_max)


def _filled(into: Any, packed: bytes, bytes_max: int) -> Unpacked:
    room = bytearray(min(_USUAL_RATIO * len(packed), bytes_max))
    while True:
        try:
            size = into(packed, room)
        except cramjam.DecompressionError:
            # Too small, or it is nothing that anybody could unpack: not read either way.
            if len(room) == bytes_max:
                return Unpacked(room, is_whole=False)
            room = bytearray(bytes_max)
        else:
            del room[size:]
            return Unpacked(room, is_whole=True)


def _of_snappy(packed: bytes, bytes_max: int) -> Unpacked:
    blocks = list(_snappy_blocks(packed))
    # Each says how much is in it, and is held to that.
    if sum(cramjam.snappy.decompress_raw_len(block) for block in blocks) > bytes_max:
        return Unpacked(b"", is_whole=False)
    return Unpacked(b"".join(map(_unpacked_block, blocks)), is_whole=True)


def _unpacked_block(block: bytes) -> bytes:
    return bytes(cramjam.snappy.decompress_raw(block))


def _snappy_blocks(packed: bytes) -> "list[bytes]":
    """The blocks of Java's stream of blocks, or the one that librdkafka makes."""
    if not _detect_xerial_stream(packed):
        return [packed]
    blocks = list[bytes]()
    at = _XERIAL_HEADER_BYTES
    while at < len(packed):
        (size,) = struct.unpack_from("!i", packed, at)
        blocks.append(packed[at + 4 : at + 4 + size])
        at += 4 + size
    return blocks
