"""State records against the journal: each at its own version, and none left out."""

import orjson
import pytest

from rescind.events.requests import Clock, FlowCancel
from rescind.statemachine.audit import Auditor, FindingCode, Topic
from tests.scenario import Scenario, Step, given
from tests.unit.statemachine.audit.story import audit, codes, story
from tests.words import (
    acknowledged,
    body_ended,
    cancel,
    ended,
    flow,
    forgets,
    granted,
    lost,
    registered,
    runner,
    strikes,
    with_body,
)
from tests.world import RUN, World

CASES = [(topic, key) for topic, records in story().written.topics().items() for key in records]


@pytest.mark.parametrize("topic, key", CASES)
def test_a_record_that_says_something_else_is_found(topic: Topic, key: str) -> None:
    world = story()
    records = world.written.topics()
    body = orjson.loads(records[topic][key])
    body["event_id" if "event_id" in body else "last_event_id"] = "made-up"
    records[topic][key] = orjson.dumps(body)

    found = audit(world.journal, records)

    assert codes(found) == [FindingCode.STATE_DIFFERS]
    assert found[0].where == f"{topic.value} {key}"


@pytest.mark.parametrize("value", [b"", b"{", b"null", b"[]", b"{}", b'{"schema":99}'])
@pytest.mark.parametrize("topic", list(Topic))
def test_a_record_that_cannot_be_read_is_found(topic: Topic, value: bytes) -> None:
    world = story()
    records = world.written.topics()
    key = next(iter(records[topic]))
    records[topic][key] = value

    assert codes(audit(world.journal, records)) == [FindingCode.STATE_DIFFERS]


@pytest.mark.parametrize("topic", list(Topic))
def test_a_record_of_nothing_in_the_journal_is_found(topic: Topic) -> None:
    world = story()
    records = world.written.topics()
    key = next(iter(records[topic]))
    slash = "/" if "/" in key else ""
    records[topic][f"nobody{slash}{slash and 't'}"] = records[topic][key]

    assert codes(audit(world.journal, records)) == [FindingCode.STATE_UNKNOWN]


def at_work() -> Scenario:
    return given(runner, flow, with_body, registered("t1"), granted("t1"))


@pytest.mark.parametrize("topic", list(Topic))
def test_a_missing_record_of_what_is_open_is_found(topic: Topic) -> None:
    world = at_work().world
    records = world.written.topics()
    missing = len(records[topic])
    records[topic].clear()

    assert codes(audit(world.journal, records)) == [FindingCode.STATE_MISSING] * missing


def test_a_record_of_what_has_ended_may_have_expired() -> None:
    world = at_work().when(ended("t1"), body_ended(), World.sweep_all).world
    records = world.written.topics()
    records[Topic.FLOW_STATES].clear()
    records[Topic.TASK_STATES].clear()

    assert audit(world.journal, records) == []


def test_records_of_what_was_forgotten_may_still_be_there() -> None:
    world = at_work().when(ended("t1"), body_ended(), World.sweep_all, strikes(Clock.FORGET)).world
    records = world.written.topics()
    assert records[Topic.FLOW_STATES]

    assert audit(world.journal, records) == []


def test_the_stub_of_a_runner_that_is_gone_has_to_be_there_until_it_is_forgotten() -> None:
    gone = given(runner, lost())
    stub = gone.world.written.topics()[Topic.RUNNERS]
    assert codes(audit(gone.world.journal, {Topic.RUNNERS: {}})) == [FindingCode.STATE_MISSING]

    forgotten = gone.when(forgets()).world

    assert audit(forgotten.journal, forgotten.written.topics()) == []
    assert codes(audit(forgotten.journal, {Topic.RUNNERS: stub})) == [FindingCode.STATE_UNKNOWN]
    assert audit(gone.when(runner).world.journal, forgotten.written.topics()) == []


def test_stubs_that_wait_to_be_dropped_are_compared_too() -> None:
    world = at_work().when(ended("t1"), body_ended()).world
    records = world.written.topics()
    assert set(records[Topic.OPEN_TASKS]) == {f"{RUN}/body", f"{RUN}/t1"}
    assert audit(world.journal, records) == []

    stub = orjson.loads(records[Topic.OPEN_TASKS][f"{RUN}/t1"])
    records[Topic.OPEN_TASKS][f"{RUN}/t1"] = orjson.dumps({**stub, "attempt": 7})

    assert codes(audit(world.journal, records)) == [FindingCode.STATE_DIFFERS]


def test_a_flow_runs_record_is_compared_at_its_version_and_not_at_its_task_runs() -> None:
    world = at_work().world
    records = world.written.topics()
    version = orjson.loads(records[Topic.FLOW_STATES][RUN])["version"]

    assert version < world.flow().version
    assert audit(world.journal, records) == []


def test_a_version_that_never_was_is_found() -> None:
    world = at_work().world
    records = world.written.topics()
    for version in (1, 99):
        state = orjson.loads(records[Topic.FLOW_STATES][RUN])
        records[Topic.FLOW_STATES][RUN] = orjson.dumps({**state, "version": version})

        assert codes(audit(world.journal, records)) == [FindingCode.STATE_DIFFERS]


STEPS: list[Step] = [
    runner,
    flow,
    with_body,
    registered("t1", "t2", "t3"),
    granted("t1", "t2"),
    ended("t1"),
    FlowCancel(flow_run_id="armed"),
    cancel,
    acknowledged("body", "t2"),
    ended("t2"),
    body_ended(),
    World.sweep_all,
    strikes(Clock.FORGET),
    lost(),
    forgets(),
]


@pytest.mark.parametrize("ahead", range(1, 5))
@pytest.mark.parametrize("read", range(len(STEPS) - 5))
def test_records_of_a_running_service_may_be_ahead_of_the_journal_that_was_read(
    read: int, ahead: int
) -> None:
    told = given(*STEPS[: read + 1])
    end = len(told.world.journal)
    told.when(*STEPS[read + 1 : read + 1 + ahead])
    records = told.world.written.topics()
    told.when(*STEPS[read + 1 + ahead :])
    auditor = Auditor(0)
    for offset, entry in enumerate(told.world.journal[:end]):
        auditor.see(offset, entry)
    for topic, of_topic in records.items():
        auditor.compare_states(topic, of_topic.items())

    for offset, entry in enumerate(told.world.journal[end:], start=end):
        auditor.see(offset, entry)

    assert auditor.findings() == []
