"""Which runners there are, and in which partitions, as the topic says last."""

from rescind.events import levels
from rescind.kafka.records import Record
from rescind.processors.watching.registry import Registry
from rescind.statemachine.records import open_record
from rescind.statemachine.runs import RunnerRecord


def seen(*said: tuple[int, str | None], at_ms: int = 5) -> Registry:
    """The registry after the runner's record in a partition became so (None: a tombstone)."""
    registry = Registry()
    for offset, (partition, state) in enumerate(said):
        value = None
        if state is not None:
            value = open_record(RunnerRecord("r", state, 1, "e", at_ms + offset), levels.NEWEST)
        registry.see(Record("runners", partition, offset, 0, b"r", value, ()))
    return registry


def test_a_runner_lives_where_it_is_registered() -> None:
    registry = seen((0, "Registered"), (3, "Registered"))
    assert registry.living() == {"r"}
    assert registry.is_living("r")
    assert registry.partitions_of("r") == {0, 3}
    assert registry.registered_ms("r") == 6
    assert not registry.is_gone("r")


def test_one_that_was_given_up_in_a_partition_lives_on_in_the_others_until_it_is_there() -> None:
    registry = seen((0, "Registered"), (3, "Registered"), (0, "Gone.Lost"))
    assert registry.partitions_of("r") == {3}
    assert registry.is_gone("r")
    assert not seen((0, "Registered"), (0, "Gone.Left")).is_living("r")


def test_one_whose_stubs_were_dropped_is_unknown_again() -> None:
    registry = seen((0, "Registered"), (0, "Gone.Lost"), (0, None))
    assert registry.living() == frozenset()
    assert not registry.is_gone("r")
    assert registry.registered_ms("r") == 0
