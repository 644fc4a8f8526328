"""Bulk cancellations as a restart of the service would find them.

Read from ``open-flows`` and not from events: one that is paused for months is there as well.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from rescind.cli.reading.finding import LATEST
from rescind.cli.reading.states import partition_of_stream
from rescind.cli.session import Session
from rescind.errors import AmbiguousIdError, UnknownBulkError, UnreadableStateError
from rescind.kafka.reading.snapshots import latest
from rescind.kafka.reading.visits import Visit

if TYPE_CHECKING:
    # The state machine needs an extra; whoever only asks and looks does without.
    from rescind.statemachine.runs import Bulk

__all__ = ["find_bulk", "read_bulks", "resolve_bulk"]

_SHOWN_MAX: Final = 3


async def read_bulks(session: Session, partitions: Collection[int] | None = None) -> "list[Bulk]":
    """Every one that is known, or those of some partitions."""
    from rescind.statemachine.records import BULK_KEY

    topic, prefix = session.names.open_flows, BULK_KEY.encode()
    async with Visit(session.connection) as visit:
        these = partitions or await visit.starts(topic)
        values = await latest(visit, topic, these, lambda key: key.startswith(prefix))
    return [bulk for bulk in map(_bulk, values.values()) if bulk is not None]


async def find_bulk(session: Session, bulk_id: str) -> "Bulk":
    """The one with this whole id. Raises `UnknownBulkError`."""
    found = await read_bulks(session, [await partition_of_stream(session, bulk_id)])
    bulk = next((each for each in found if each.bulk_id == bulk_id), None)
    if bulk is None:
        raise UnknownBulkError(bulk_id)
    return bulk


async def resolve_bulk(session: Session, wanted: str) -> "Bulk":
    """The one that is meant by its id, by the beginning of it, or as ``@latest``.

    Raises `UnknownBulkError` or `AmbiguousIdError`.
    """
    if not wanted.startswith("@"):
        try:
            return await find_bulk(session, wanted)
        except UnknownBulkError:
            pass
    found = await read_bulks(session)
    if wanted == LATEST and found:
        return max(found, key=lambda bulk: (bulk.created_ms, bulk.bulk_id))
    matching = [bulk for bulk in found if wanted and bulk.bulk_id.startswith(wanted)]
    if not matching:
        raise UnknownBulkError(wanted)
    if len(matching) > 1:
        names = sorted(bulk.bulk_id for bulk in matching)
        raise AmbiguousIdError(wanted, names[:_SHOWN_MAX], len(names), "bulk cancellations")
    return matching[0]


def _bulk(value: bytes) -> "Bulk | None":
    from rescind.statemachine.records import read_open
    from rescind.statemachine.runs import Bulk

    try:
        found = read_open(value)
    except UnreadableStateError:
        return None  # A newer release's.
    return found if isinstance(found, Bulk) else None
