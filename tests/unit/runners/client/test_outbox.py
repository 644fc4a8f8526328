"""What leaves a runner: in order, the first at once and the rest in large records, none lost."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from rescind.errors import RecordTooLargeError, RunnerClosedError
from rescind.runners.client.sending.outbox import Head
from rescind.runners.client.sending.spill import Spill
from tests.package.checkout import ROOT
from tests.unit.runners.client import on_a_full_disk
from tests.unit.runners.client.taking import FINISH, Broker, end_of, outbox, rounds

STOPPING = Head("task.stopping", "f", 0, {"flow_run_id": "f", "runner_id": "r"})
CLEANUP = Head("task.cleanup", "f", 0, {"flow_run_id": "f", "runner_id": "r"})


@pytest.fixture
def spill(tmp_path: Path) -> Iterator[Spill]:
    spill = Spill(tmp_path)
    yield spill
    # The file has no name: nothing is left behind, however the runner ends.
    assert list(tmp_path.iterdir()) == []
    spill.close()


async def test_the_first_leaves_at_once_and_what_comes_meanwhile_leaves_together(
    spill: Spill,
) -> None:
    broker = Broker()
    box = outbox(broker, spill)
    first = box.put_item(FINISH, end_of("t-0"))
    await rounds()
    later = [box.put_item(FINISH, end_of(f"t-{n}")) for n in range(1, 1_201)]
    await rounds()
    assert [broker.items(0)] == [["t-0"]]
    assert len(broker.posted) == 1
    for _ in range(4):
        await broker.take()
    assert [len(broker.items(n)) for n in range(4)] == [1, 500, 500, 200]
    assert first.sent.result().offset == 0
    assert {placed.sent.result().offset for placed in later} == {1, 2, 3}
    # Each knows in which request it is, and as which item.
    assert (later[500].request_id, later[500].item) == (broker.body(2)["request_id"], 0)
    assert broker.acknowledged == [broker.body(n)["request_id"] for n in range(4)]


async def test_what_is_put_in_one_round_of_the_loop_leaves_together(spill: Spill) -> None:
    broker = Broker()
    box = outbox(broker, spill)
    for number in range(3):
        box.put_item(FINISH, end_of(f"t-{number}"))
    await rounds()
    assert broker.items(0) == ["t-0", "t-1", "t-2"]


async def test_order_in_a_stream_stands_above_large_records(spill: Spill) -> None:
    broker = Broker()
    box = outbox(broker, spill)
    box.put_item(FINISH, end_of("t-0"))
    box.put_item(STOPPING, orjson.dumps({"task_run_id": "t-1", "rung": "flag", "after_ms": 0}))
    box.put(CLEANUP, orjson.dumps({"task_run_id": "t-1", "outcome": "done"}))
    box.put_item(FINISH, end_of("t-1"))
    for _ in range(4):
        await rounds()
        await broker.take()
    assert [broker.body(n)["type"] for n in range(4)] == [
        "task.finish",
        "task.stopping",
        "task.cleanup",
        "task.finish",
    ]


async def test_streams_do_not_wait_for_each_other(spill: Spill) -> None:
    broker = Broker()
    box = outbox(broker, spill)
    for flow in ("f", "g"):
        box.put_item(Head("task.finish", flow, 0, {"flow_run_id": flow}), end_of("t"))
    await rounds()
    assert [broker.body(n)["flow_run_id"] for n in range(2)] == ["f", "g"]


async def test_a_record_stays_below_what_a_lane_takes(spill: Spill) -> None:
    broker = Broker()
    box = outbox(broker, spill)
    for number in range(100):
        box.put_item(FINISH, end_of(f"t-{number}", evidence={"log": "x" * 16_000}))
    for _ in range(3):
        await rounds()
        await broker.take()
    sizes = [len(record.value or b"") for record, _ in broker.posted]
    assert sum(len(broker.items(n)) for n in range(len(sizes))) == 100
    assert max(sizes) < 1 << 20


async def test_beyond_the_bound_of_memory_what_waits_is_in_a_file_and_still_in_order(
    spill: Spill,
) -> None:
    broker = Broker()
    box = outbox(broker, spill, memory_bytes_max=2_000)
    expected = [f"t-{number}" for number in range(1_000)]
    for task_run_id in expected:
        box.put_item(FINISH, end_of(task_run_id, evidence={"log": "x" * 1_000}))
    assert box.unsent == 1_000
    while box.unsent:
        await rounds()
        await broker.take()
    found = [each for n in range(len(broker.posted)) for each in broker.items(n)]
    assert found == expected


async def test_a_disk_that_takes_nothing_costs_memory_and_no_report() -> None:
    broker = Broker()
    # A file is where the folder should be.
    box = outbox(broker, Spill(Path(__file__)), memory_bytes_max=10)
    placed = box.put_item(FINISH, end_of("t"))
    await rounds()
    await broker.take()
    assert placed.sent.done()
    assert broker.items(0) == ["t"]


async def test_a_record_that_can_never_be_sent_fails_and_the_next_goes_on(spill: Spill) -> None:
    broker = Broker()
    box = outbox(broker, spill)
    first = box.put_item(FINISH, end_of("t-0"))
    await rounds()
    second = box.put_item(FINISH, end_of("t-1"))
    broker.posted[0][1].set_exception(RecordTooLargeError("stop", 2, 1))
    await rounds()
    await broker.take()
    with pytest.raises(RecordTooLargeError):
        await first.sent
    assert second.sent.done()
    assert broker.items(1) == ["t-1"]


async def test_what_was_not_sent_when_it_is_closed_says_so(spill: Spill) -> None:
    broker = Broker()
    box = outbox(broker, spill)
    placed = [box.put_item(FINISH, end_of(f"t-{n}")) for n in range(2)]
    await rounds()
    placed.append(box.put_item(FINISH, end_of("t-2")))
    box.close()
    for each in placed:
        with pytest.raises(RunnerClosedError):
            await each.sent
    with pytest.raises(RunnerClosedError):
        box.put_item(FINISH, end_of("t-3"))


async def test_a_request_that_nobody_could_read_is_refused_here(spill: Spill) -> None:
    box = outbox(Broker(), spill)
    with pytest.raises(ValueError, match=r"outcome: expected .* but got 'perhaps'"):
        box.put(CLEANUP, orjson.dumps({"task_run_id": "t", "outcome": "perhaps"}))


async def test_a_request_says_who_asks(spill: Spill) -> None:
    broker = Broker()
    outbox(broker, spill).put(CLEANUP, orjson.dumps({"task_run_id": "t", "outcome": "done"}))
    await rounds()
    assert broker.body(0)["actor"] == {"kind": "runner", "id": "r"}
    assert broker.posted[0][0].key == b"f"


def test_a_disk_that_is_full_half_way_costs_memory_and_neither_a_report_nor_the_order(
    tmp_path: Path,
) -> None:
    # A limit that the kernel keeps, in a process of its own: it holds for every file there.
    command = [sys.executable, "-m", on_a_full_disk.__name__, str(tmp_path)]
    said = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)

    found = orjson.loads(said.stdout)
    assert found["is_full"]
    assert found["sent"] == [f"t-{number}" for number in range(100)]
    assert found["complaints"] == 1
