"""What cannot be read, or taken for what it is, concerns one run: whoever reads it goes on."""

from typing import Any, cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from rescind.events import levels
from rescind.events.journal import Entry, StreamKind
from rescind.kafka.records import Record
from rescind.processors.hooking.desk import Desk as HookDesk
from rescind.processors.hooking.lanes import Lanes
from rescind.processors.hooking.ledger import Saved
from rescind.processors.hooking.notices import Notice
from rescind.processors.lifecycle.errands import Errands
from rescind.processors.liveness import Liveness
from rescind.processors.pipeline.clocks import ClockKeeper
from rescind.processors.watching.bulks import Bulks
from rescind.processors.watching.cancelling import Cancelling
from rescind.processors.watching.registry import Registry
from rescind.settings.hooks import Hook
from rescind.statemachine.policy import Policy
from rescind.statemachine.records import open_record
from rescind.statemachine.runs import RunnerRecord
from tests.strategies import entries as any_entries
from tests.unit.processors.desk import NAMES, Desk, written
from tests.world import NOON_MS

CANCEL = {"type": "flow.cancel", "flow_run_id": "f"}
LIVING = open_record(RunnerRecord("r", "Registered", 1, "e", 5), levels.NEWEST)
GONE = open_record(RunnerRecord("r", "Gone.Lost", 2, "e", 6), levels.NEWEST)
NEWER = LIVING.replace(b'"schema":1', b'"schema":%d' % (levels.NEWEST + 1))
GARBAGE = [
    b"",
    b"garbage",
    b"[]",
    b"1",
    b"[" * 100_000,
    b"\xff\xfe",
    b'{"type":"bulk.exploded.v9"}',
]


def record(value: bytes | None, key: bytes | None = b"f", **more: Any) -> Record:
    return Record(NAMES.cancellations, 0, 0, 0, key, value, more.get("headers", ()))


def begun(flow_run_id: str = "f") -> Entry:
    """The event by which a flow run's cancelling begins."""
    desk = Desk()
    desk.begin(flow_run_id)
    told = written(desk.put({**CANCEL, "flow_run_id": flow_run_id}), NAMES.cancellations)
    return Entry.from_json(told[0].value or b"")


def too_long(desk: Desk, flow_run_id: str) -> None:
    """Something in the state of a flow run that no request may have."""
    flow = desk.life.base.flows[flow_run_id]
    assert flow.cancellation is not None
    odd = flow.cancellation._replace(id="i" * 1_000, reason="r" * 9_000)
    desk.life.base.flows[flow_run_id] = flow._replace(cancellation=odd)


def test_69_a_clock_that_cannot_strike_concerns_its_own_run_alone() -> None:
    desk = Desk()
    for flow_run_id in ("f", "g"):
        desk.begin(flow_run_id)
        desk.put({**CANCEL, "flow_run_id": flow_run_id})
    too_long(desk, "f")
    keeper = ClockKeeper(Policy())
    keeper.restore(desk.life.base)

    with capture_logs() as said:
        struck = keeper.strike(NOON_MS + 60_000)
        again = keeper.strike(NOON_MS + 60_001)

    assert {getattr(request, "flow_run_id", None) for request in struck} == {"g"}
    assert again == []
    assert {line["flow_run_id"] for line in said} == {"f"}
    assert {line["log_level"] for line in said} == {"error"}


def test_69_an_errand_that_cannot_be_run_concerns_its_own_edge_alone() -> None:
    desk = Desk()
    for flow_run_id in ("f", "g"):
        desk.begin(flow_run_id)
        about = {"flow_run_id": flow_run_id, "runner_id": "r"}
        child = {"task_run_id": "c", "kind": "child", "child_flow_run_id": f"{flow_run_id}-child"}
        desk.put({"type": "task.register", **about, "items": [child]}, lane="start")
        desk.put({"type": "task.start", **about, "items": [{"task_run_id": "c"}]}, lane="start")
        desk.put({**CANCEL, "flow_run_id": flow_run_id})
    too_long(desk, "f")
    errands = Errands()
    errands.restore(desk.life.base)

    with capture_logs() as said:
        taken = errands.take(desk.life.base, NOON_MS, 10)

    assert [errand.flow_run_id for errand, _ in taken] == ["g"]
    assert [line["flow_run_id"] for line in said] == ["f"]


@pytest.mark.parametrize("value", [*GARBAGE, NEWER])
def test_a_runner_whose_record_cannot_be_read_is_unknown_and_the_others_are_not(
    value: bytes,
) -> None:
    for before in (LIVING, GONE):
        registry = Registry()
        registry.see(record(before, b"r"))
        registry.see(record(before, b"other"))
        with capture_logs() as said:
            registry.see(record(value, b"r"))

        assert not registry.is_living("r")
        assert not registry.is_gone("r")
        assert registry.is_living("other") or registry.is_gone("other")
        assert [line["log_level"] for line in said] == ["error"]


@pytest.mark.parametrize("key", [None, b"", b"\xff", b"a/b", b"x" * 500])
def test_what_is_under_no_runners_id_is_none(key: bytes | None) -> None:
    registry = Registry()
    registry.see(record(LIVING, key))
    assert registry.living() == frozenset()


def test_whoever_is_no_possible_runner_is_not_given_up() -> None:
    registry = Registry()
    for key in (b"r", b"a/b"):
        registry.see(record(LIVING, key))
    liveness = Liveness(registry, 0.001, 1)
    own = orjson.dumps({"agent_id": liveness.agent_id})
    for at_ms in range(0, 5_000, 500):
        liveness.hear(0, at_ms, own)

    assert [request.runner_id for request in liveness.lost(0)] == ["r"]


@pytest.mark.parametrize("value", [None, *GARBAGE])
def test_a_heartbeat_of_a_stranger_is_nobodys(value: bytes | None) -> None:
    liveness = Liveness(Registry(), 60, 1)
    assert not liveness.hear(0, 1, value)
    assert liveness.sent_on("t", 0, value) is None


def test_a_cancellation_of_what_is_no_flow_run_is_nobodys() -> None:
    stranger = begun()._replace(stream_kind=StreamKind.PARTITION, stream_id="a/b")
    cancelling = Cancelling()

    with capture_logs() as said:
        cancelling.see(record(stranger.to_json()))
    cancelling.see(record(begun().to_json()))

    assert [line["log_level"] for line in said] == ["error"]
    assert cancelling.missed_by("r", ["a/b"]) == []
    assert cancelling.missed_by("r", ["f"])


@given(entry=any_entries(), about=st.sampled_from(StreamKind))
def test_no_event_is_an_error_of_whoever_follows_them(entry: Entry, about: StreamKind) -> None:
    odd = entry._replace(stream_kind=about)
    bulks, cancelling = Bulks(), Cancelling()
    bulks.knows(0, [])
    hook = HookDesk(Hook(), {0: Saved(0)})
    hook.lanes = cast(Lanes, Unheard())
    said = record(odd.to_json(), headers=(("ce_type", odd.event.type.encode()),))

    bulks.hear(0, odd)
    cancelling.see(said)
    hook.read(said)


class Unheard:
    """In place of lanes."""

    def put(self, notice: Notice) -> None:
        """Nobody is told."""
