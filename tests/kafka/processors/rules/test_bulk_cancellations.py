"""A bulk cancellation lives in its partition as a flow run does: restored, forwarded, audited."""

from rescind.events.journal import Entry
from rescind.processors.pipeline.restore import restore
from tests.kafka.processors.journal import types_of
from tests.kafka.processors.service import KEY, Service
from tests.kafka.processors.verdict import assert_at_rest_and_right

CREATE = {"type": "bulk.create", "bulk_id": "b", "where": {"labels": {"team": "etl"}}}


async def test_a_bulk_cancellation_is_restored_and_dropped_when_its_time_is_over(
    service: Service,
) -> None:
    home = service.partition_of("b")
    elsewhere = (home + 1) % service.partitions
    async with service.worker():
        sent_on = await service.answer_to(CREATE, partition=elsewhere)
        assert types_of(sent_on) == ["request.forwarded"]
        await service.journal.until(lambda: bool(about_b(service)))
    async with service.worker():
        count = {"type": "bulk.count", "bulk_id": "b", "count": 2}
        assert types_of(await service.answer_to(count, signed_by=KEY)) == ["bulk.counted"]
        started = await service.answer_to({"type": "bulk.start", "bulk_id": "b"})
        assert types_of(started) == ["bulk.started"]
        base, _ = await restore(service.connection, service.names, home)
        assert (base.bulks["b"].state, base.bulks["b"].meant) == ("Running", 2)
        await service.answer_to({"type": "bulk.stop", "bulk_id": "b"})
    async with service.worker(forget_after_seconds=0.5):
        # By its own clock, and nobody has asked for it.
        await service.journal.until(lambda: types_of(about_b(service))[-1] == "bulk.forgotten")
    await assert_at_rest_and_right(service)

    base, _ = await restore(service.connection, service.names, home)
    assert base.bulks == {}
    told = [
        Entry.from_json(r.value or b"") for r in await service.read(service.names.cancellations)
    ]
    assert told == about_b(service)


def about_b(service: Service) -> list[Entry]:
    return service.journal.about("b")
