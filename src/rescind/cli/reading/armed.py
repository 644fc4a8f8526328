"""A cancel that waits for a flow run which nobody knows yet, as the service keeps it."""

from typing import TYPE_CHECKING

from rescind.cli.reading.finding import find_flow
from rescind.cli.reading.states import partition_of_stream
from rescind.cli.session import Session
from rescind.errors import UnknownRunError, UnreadableStateError
from rescind.events.states import FlowState
from rescind.kafka.reading.snapshots import latest
from rescind.kafka.reading.visits import Visit

if TYPE_CHECKING:
    # Its records take longer to import than `show` takes for the rest.
    from rescind.statemachine.runs import Armed

__all__ = ["find_flow_or_armed"]


async def find_flow_or_armed(session: Session, wanted: str) -> "FlowState | Armed":
    """As `find_flow`; for a whole id that nobody knows, the cancel that waits for it."""
    try:
        return await find_flow(session, wanted)
    except UnknownRunError:
        armed = await _read_armed(session, wanted)
        if armed is None:
            raise
        return armed


async def _read_armed(session: Session, flow_run_id: str) -> "Armed | None":
    from rescind.statemachine.records import read_open
    from rescind.statemachine.runs import Armed

    partition = await partition_of_stream(session, flow_run_id)
    async with Visit(session.connection) as visit:
        found = await latest(visit, session.names.open_flows, [partition])
    value = found.get(flow_run_id.encode())
    try:
        kept = None if value is None else read_open(value)
    except UnreadableStateError:
        return None  # A newer release's.
    return kept if isinstance(kept, Armed) else None
