"""Keys and partitions: the same as Java's producer has them."""

import pytest
from aiokafka.partitioner import murmur2

from rescind.kafka.partitions import partition_of


@pytest.mark.parametrize(
    "key, expected",
    [
        # The vectors of Kafka's own test of its hash (UtilsTest.testMurmur2).
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_javas(key: bytes, expected: int) -> None:
    signed = (murmur2(key) ^ 0x80000000) - 0x80000000
    assert signed == expected


def test_a_negative_hash_loses_its_sign_bit_and_not_its_sign() -> None:
    assert partition_of("21", 12) == (-973932308 & 0x7FFFFFFF) % 12
    assert partition_of("21", 12) != 973932308 % 12


def test_a_key_that_is_not_ascii_is_hashed_as_utf_8() -> None:
    assert partition_of("ünïcode", 7) == (murmur2("ünïcode".encode()) & 0x7FFFFFFF) % 7
