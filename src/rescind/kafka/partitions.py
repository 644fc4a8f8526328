"""Which partition a key belongs to: as Java's client has it, and so everyone's of that family.

librdkafka hashes keys differently (CRC32), so a record of such a client may be on another
partition than the one that serves its stream; the lifecycle sends it on.
"""

from functools import lru_cache

from aiokafka.partitioner import murmur2

__all__ = ["partition_of"]


@lru_cache(maxsize=65_536)
def partition_of(key: str, partitions: int) -> int:
    """Return the partition of a stream id. The hash is pure Python: remembered, since ids recur."""
    # The sign bit is taken off, as Java does; its absolute value would not be the same.
    return (int(murmur2(key.encode())) & 0x7FFFFFFF) % partitions
