"""Positions that a group keeps without members: an offset and a text for each partition."""

from typing import Any

import pytest
from aiokafka.errors import KafkaError
from aiokafka.protocol.commit import OffsetFetchResponse_v3

from rescind.errors import BrokerUnavailableError
from rescind.kafka.clients.internals import ask_committed
from rescind.kafka.reading import keeping
from rescind.kafka.reading.keeping import KeptFollower, found_in, kept_positions
from rescind.kafka.records import OutRecord
from rescind.kafka.writing.sender import Sender
from tests.conftest import Cluster


async def test_what_is_kept_is_found_again_by_whoever_comes_next(cluster: Cluster) -> None:
    topic, group = cluster.names.cancellations, cluster.names.hook_group("ops")
    assert await kept_positions(cluster.connection, group, topic, {0, 1}) == {}

    async with KeptFollower(cluster.connection, group, topic, {0: 0, 1: 0}) as follower:
        await follower.keep({0: (7, "1 20 0b 3s"), 1: (4, "")})
        # Two may take themselves for it: nobody is a member, so nobody is refused.
        async with KeptFollower(cluster.connection, group, topic, {0: 0}) as other:
            await other.keep({0: (5, "1 2 0e")})
        await follower.keep({1: (9, "")})

    kept = await kept_positions(cluster.connection, group, topic, {0, 1})
    assert kept == {0: (5, "1 2 0e"), 1: (9, "")}
    another = cluster.names.hook_group("other")
    assert await kept_positions(cluster.connection, another, topic, {0, 1}) == {}


@pytest.mark.parametrize("code", [14, 15, 16, 30], ids=str)
async def test_a_coordinator_that_cannot_say_it_is_asked_again(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    topic, group = cluster.names.cancellations, cluster.names.hook_group("ops")
    async with KeptFollower(cluster.connection, group, topic, {0: 0}) as follower:
        await follower.keep({0: (7, "")})
    errors = [code, code]

    async def ask(*about: Any) -> Any:
        if errors:
            # As a coordinator that is still loading answers: without any topic.
            return OffsetFetchResponse_v3(0, [], errors.pop())
        return await ask_committed(*about)

    monkeypatch.setattr(keeping, "ask_committed", ask)

    assert await kept_positions(cluster.connection, group, topic, {0}) == {0: (7, "")}
    assert not errors

    errors.extend([code] * 1_000)
    monkeypatch.setattr(keeping, "_COORDINATOR_SECONDS", 0.0)
    with pytest.raises(BrokerUnavailableError):
        await kept_positions(cluster.connection, group, topic, {0})


@pytest.mark.parametrize("places", [[], [(0, -1, "", 14)], [(1, 4, "", 0)]], ids=str)
def test_only_an_offset_of_minus_one_means_that_nothing_was_kept(places: list[Any]) -> None:
    with pytest.raises(KafkaError):
        found_in(OffsetFetchResponse_v3(0, [("t", places)], 0), "t", {0})

    assert found_in(OffsetFetchResponse_v3(0, [("t", [(0, -1, "", 0)])], 0), "t", {0}) == {}


async def test_the_longest_text_that_a_ledger_writes_is_taken(cluster: Cluster) -> None:
    topic, group = cluster.names.cancellations, cluster.names.hook_group("ops")
    async with KeptFollower(cluster.connection, group, topic, {0: 0}) as follower:
        await follower.keep({0: (1, "1" * 4_000)})

    assert (await kept_positions(cluster.connection, group, topic, {0}))[0] == (1, "1" * 4_000)


async def test_it_reads_what_is_there_from_where_it_is_told(cluster: Cluster) -> None:
    topic, group = cluster.names.cancellations, cluster.names.hook_group("ops")
    async with Sender(cluster.connection) as sender:
        for number in range(3):
            await sender.send(OutRecord(topic, b"f", b"%d" % number, (), 0))
    async with KeptFollower(cluster.connection, group, topic, {0: 1}) as follower:
        found = [record.value for record in await follower.fetch(timeout_seconds=30)]

    assert found == [b"1", b"2"]
