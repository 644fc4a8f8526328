"""Who is given up, from heartbeats that anybody may have written."""

import orjson
import pytest
import structlog

from rescind.events import levels
from rescind.events.intents import Canary
from rescind.kafka.partitions import partition_of
from rescind.kafka.records import OutRecord, Record
from rescind.processors.liveness import Liveness
from rescind.processors.watching.registry import Registry
from rescind.statemachine.records import open_record
from rescind.statemachine.runs import RunnerRecord
from tests.unit.processors.memory import memory_of

LOST_AFTER_SECONDS = 30.0


def living(*partitions: int, runner_id: str = "r") -> Registry:
    registry = Registry()
    value = open_record(RunnerRecord(runner_id, "Registered", 1, "e", 0), levels.NEWEST)
    for partition in partitions:
        registry.see(Record("runners", partition, 0, 0, runner_id.encode(), value, ()))
    return registry


def listening(registry: Registry) -> Liveness:
    return Liveness(registry, LOST_AFTER_SECONDS, partitions=1)


def of_agent(agent_id: str, at_ms: int) -> bytes:
    said = Canary(agent_id=agent_id, service="agents", host="h", sent_at=at_ms)
    return said.model_dump_json().encode()


def canary(liveness: Liveness, at_ms: int) -> None:
    value = of_agent(liveness.agent_id, at_ms)
    assert liveness.hear(0, at_ms, value)


def test_a_silent_runner_is_given_up_in_every_partition_where_it_lives() -> None:
    liveness = listening(living(2, 0))
    assert not liveness.hear(0, 500, orjson.dumps({"runner_id": "r", "at": 0}))
    for at_ms in range(0, 31_000, 1000):
        canary(liveness, at_ms)
        assert liveness.lost(0) == []
    canary(liveness, 31_000)
    lost = liveness.lost(0)
    assert [(request.runner_id, request.partition) for request in lost] == [("r", 0), ("r", 2)]
    # Not with every canary: it takes a moment until it shows.
    canary(liveness, 32_000)
    assert liveness.lost(0) == []


def test_in_a_partition_that_another_agent_heard_meanwhile_everyone_has_the_whole_time_again() -> (
    None
):
    liveness = listening(living(0))
    for at_ms in range(0, 30_000, 1000):
        canary(liveness, at_ms)
    # It was another's for a moment too short to be a gap, and the runner was heard in it.
    liveness.hears(set())
    liveness.hears({0})
    for at_ms in range(33_000, 63_001, 1000):
        canary(liveness, at_ms)
        assert liveness.lost(0) == []
    # What stays is not begun anew.
    liveness.hears({0, 1})
    canary(liveness, 63_001)
    assert [request.runner_id for request in liveness.lost(0)] == ["r"]


def test_another_agents_canary_proves_nothing() -> None:
    liveness = listening(living(0))
    assert not liveness.hear(0, 0, of_agent("other", 0))
    assert liveness.lost(0) == []


def test_of_strangers_and_of_those_who_have_gone_nothing_is_kept() -> None:
    registry = living(0, runner_id="the-runner")
    liveness = listening(registry)
    canary(liveness, 0)
    liveness.hear(0, 0, orjson.dumps({"runner_id": "the-runner", "at": 0}))
    liveness.hear(0, 0, orjson.dumps({"runner_id": "the-stranger", "at": 0}))
    for at_ms in range(0, 31_000, 1000):
        canary(liveness, at_ms)
    canary(liveness, 31_000)
    assert [request.runner_id for request in liveness.lost(0)] == ["the-runner"]
    kept = memory_of(liveness)
    assert b"the-runner" in kept
    assert b"the-stranger" not in kept

    registry.see(Record("runners", 0, 1, 0, b"the-runner", None, ()))
    assert liveness.lost(0) == []
    assert b"the-runner" not in memory_of(liveness)


def test_a_heartbeat_on_another_partition_is_sent_on_to_where_its_runner_is_listened_for() -> None:
    home = partition_of("r", 4)
    elsewhere = (home + 1) % 4
    liveness = Liveness(living(0), LOST_AFTER_SECONDS, partitions=4)
    heartbeat = orjson.dumps({"runner_id": "r", "at": 0})
    with structlog.testing.capture_logs() as said:
        for _ in range(2):
            again = liveness.sent_on("heartbeats", elsewhere, heartbeat)
            assert again == OutRecord("heartbeats", b"r", heartbeat, (), home)
    (line,) = said
    assert (line["runner_id"], line["expected"]) == ("r", home)
    assert liveness.sent_on("heartbeats", home, heartbeat) is None
    for value in (None, b"garbage", orjson.dumps({"runner_id": "a stranger", "at": 0})):
        for partition in range(4):
            assert liveness.sent_on("heartbeats", partition, value) is None


@pytest.mark.parametrize(
    "value", [None, b"", b"garbage", b"[]", b"7", b'"text"', b"null", b"true", b'{"runner_id":[]}']
)
def test_a_heartbeat_that_is_none_ends_nothing(value: bytes | None) -> None:
    liveness = listening(living(0))
    assert liveness.hear(0, 0, value) is False
    canary(liveness, 1)
    assert liveness.lost(0) == []
