"""Bulk cancellations by both Python clients, against a server and a real Kafka."""

from pathlib import Path

import pytest

from rescind.client import BulkOutcome, BulkWhere
from rescind.errors import (
    BulkNotFoundError,
    BulkNotThereError,
    CallError,
    CancelRefusedError,
    ConfirmationNeededError,
    KeyUsedError,
    RunFinishedError,
)
from tests.clients import KINDS, Asker, asker
from tests.pages import blocks
from tests.scenarios.bulk import Bulk
from tests.scenarios.harness import Scene
from tests.scenarios.http.http_api import means_of
from tests.scenarios.http.http_following import Listening, listening
from tests.waiting import until


@pytest.mark.usefixtures("swept")
async def test_it_is_described_counted_started_held_up_and_waited_for(
    scene: Scene, ours: Asker
) -> None:
    bulk = Bulk(scene)
    meant = await bulk.register("a", "b", "c")
    where = BulkWhere(labels={"of": bulk.bulk_id}, states=("Pending",))
    made = await ours.do(
        lambda it: it.create_bulk_cancellation(where, reason="wrong table", runs_per_second=4)
    )
    name = made.bulk_id
    counted = await ours.do(lambda it: it.wait_until_counted(name, 60))
    started = await ours.do(lambda it: it.start_bulk_cancellation(name, confirmed_count=3))
    paused = await ours.do(lambda it: it.pause_bulk_cancellation(name))
    again = await ours.do(lambda it: it.pause_bulk_cancellation(name))
    with pytest.raises(BulkNotThereError, match=r"to be finished within 0 s, but it is Paused"):
        await ours.do(lambda it: it.wait_until_bulk_finished(name, 0))
    await ours.do(lambda it: it.resume_bulk_cancellation(name))
    over = await ours.do(lambda it: it.wait_until_bulk_finished(name, 60))
    items = await ours.rows(lambda it: it.list_bulk_items(name, page_size=2))
    effective = await ours.rows(lambda it: it.list_bulk_items(name, outcome="took_effect"))
    listed = await ours.rows(lambda it: it.list_bulk_cancellations(state="Finished"))

    assert made.outcome is BulkOutcome.CREATED
    assert (counted.count, list(counted.samples)) == (3, meant)
    assert counted.where == where
    assert started.outcome is BulkOutcome.STARTED
    assert (paused.outcome, again.outcome) == (BulkOutcome.PAUSED, BulkOutcome.UNCHANGED)
    assert (over.state, over.progress.asked) == ("Finished.Completed", 3)
    assert [item.flow_run_id for item in items] == meant
    assert effective == items
    assert name in {one.bulk_id for one in listed}
    with pytest.raises(RunFinishedError):
        await ours.do(lambda it: it.stop_bulk_cancellation(name))


@pytest.mark.parametrize("kind", KINDS)
async def test_what_cannot_be_is_raised_each_kind_as_its_own(
    own: Scene, tmp_path: Path, kind: str
) -> None:
    own.house.worker()
    means = means_of(own.house, tmp_path, http_port=0)
    async with listening(means) as server:
        await until(lambda: not means.no_kafka and not means.no_reads, within_seconds=60)
        host, port = server.address
        async with asker(kind, f"http://{host}:{port}") as ours:
            await check_what_cannot_be(own, ours)


async def check_what_cannot_be(scene: Scene, ours: Asker) -> None:
    """Where no agents run that would count."""
    nobody, key = scene.named("nobody"), scene.named("key")
    where = {"labels": {"of": nobody}}
    made = await ours.do(lambda it: it.create_bulk_cancellation(where, idempotency_key=key))
    with pytest.raises(KeyUsedError):
        await ours.do(lambda it: it.create_bulk_cancellation({}, idempotency_key=key))
    with pytest.raises(CancelRefusedError, match="it is being counted"):
        await ours.do(lambda it: it.start_bulk_cancellation(made.bulk_id))
    with pytest.raises(BulkNotThereError, match="see that `rescind agents` run"):
        await ours.do(lambda it: it.wait_until_counted(made.bulk_id, 0.5))
    with pytest.raises(BulkNotFoundError, match="404: Check the id"):
        await ours.do(lambda it: it.show_bulk_cancellation(nobody))
    with pytest.raises(BulkNotFoundError):
        await ours.do(lambda it: it.wait_until_counted(nobody, 60))
    with pytest.raises(CallError, match="where"):
        await ours.do(lambda it: it.create_bulk_cancellation({"labels": 7}))
    stopped = await ours.do(lambda it: it.stop_bulk_cancellation(made.bulk_id))
    assert stopped.outcome is BulkOutcome.STOPPED


@pytest.mark.parametrize("kind", KINDS)
async def test_one_that_means_many_says_how_many(own: Scene, tmp_path: Path, kind: str) -> None:
    own.house.worker(bulk_unconfirmed_max=1)
    own.house.agents()
    bulk = Bulk(own)
    await bulk.register("a", "b")
    means = means_of(own.house, tmp_path, http_port=0, bulk_unconfirmed_max=1)
    async with listening(means) as server:
        await until(lambda: not means.no_kafka and not means.no_reads, within_seconds=60)
        host, port = server.address
        async with asker(kind, f"http://{host}:{port}") as ours:
            where = {"labels": {"of": bulk.bulk_id}}
            made = await ours.do(lambda it: it.create_bulk_cancellation(where))
            counted = await ours.do(lambda it: it.wait_until_counted(made.bulk_id, 60))
            with pytest.raises(ConfirmationNeededError) as needed:
                await ours.do(lambda it: it.start_bulk_cancellation(made.bulk_id))

    assert counted.needs_confirmation
    assert needed.value.count == 2


@pytest.mark.usefixtures("swept")
async def test_what_the_page_says_to_write_runs(scene: Scene, server: Listening) -> None:
    host, port = server.address
    (program,) = blocks("docs/how-to/cancel-many.md", "python")
    bulk = Bulk(scene)
    (meant,) = await bulk.register("one")
    written = program.replace("127.0.0.1:19080", f"{host}:{port}")
    written = written.replace('{"team": "etl"}', repr({"of": bulk.bulk_id}))

    process = scene.house.start("-c", written)

    assert await process.exit_code() == 0, process.said()
    assert f"1 ('{meant}',)" in process.said()
    await scene.until_state(meant, "Finished.Cancelled")
