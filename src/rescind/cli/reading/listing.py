"""Flow runs in pages, read from the state topic with bounded memory: what `ls` lists and counts.

The topic has several records of a flow run that changed lately, in any place; only the last one
counts. So each page is a reading of the whole topic, partition by partition, and so is all of it.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Callable
from typing import Final

from rescind.cli.reading.filters import Wanted
from rescind.cli.reading.spool import Spool
from rescind.cli.reading.states import read_state
from rescind.cli.reading.window import Place, Window
from rescind.cli.session import Session
from rescind.events.states import FlowState
from rescind.kafka.reading.visits import Visit

__all__ = ["FlowList", "place_of"]

# So that a short page seldom takes a second reading.
_KEPT_MIN: Final = 500

_See = Callable[[bytes, bytes, FlowState | None], None]
"""Is told a key, the value that it has now, and what that says; None: it has none any more."""


def place_of(flow: FlowState) -> Place:
    return Place(-flow.registered_at, flow.flow_run_id)


class FlowList:
    """The flow runs that are wanted, as of now.

    Attributes:
        any_known: whether there is any flow run at all, as far as was read.
        unreadable: how many records were none.

    """

    def __init__(self, session: Session, wanted: Wanted, now_ms: int) -> None:
        self.any_known = False
        self.unreadable = 0
        self._session = session
        self._wanted = wanted
        self._now_ms = now_ms

    async def page(self, count: int, begin: Place | None = None) -> list[FlowState]:
        """The first so many from a place on, the latest registration first."""
        found: list[FlowState] = []
        while True:
            window = Window(max(count, _KEPT_MIN), begin)
            await self._read_into(window)
            states = [read_state(FlowState, value) for value in window.values()]
            found += [state for state in states if state is not None]
            begin = window.end
            # What stood in its way may have stopped to fit while it was read.
            if begin is None or len(found) >= count:
                return found[:count]

    async def everything(
        self, count: int, begin: Place | None = None
    ) -> AsyncGenerator[list[FlowState], None]:
        """Yield all of them from a place on, so many at a time, by one reading."""
        with Spool(begin) as spool:
            await self._read_into(spool)
            page: list[FlowState] = []
            for value in spool.values():
                state = read_state(FlowState, value)
                if state is not None:
                    page.append(state)
                if len(page) == count:
                    yield page
                    page = []
            yield page

    async def counts(self) -> dict[str, int]:
        """How many there are in each state."""
        counts: Counter[str] = Counter()
        async with Visit(self._session.connection) as visit:
            topic = self._session.names.flow_states
            for partition in await visit.starts(topic):
                # By key, since a later record may say otherwise; of one partition at a time.
                states: dict[bytes, str] = {}

                def see(
                    key: bytes,
                    _value: bytes,
                    flow: FlowState | None,
                    states: dict[bytes, str] = states,
                ) -> None:
                    if flow is not None and self._wanted.fits(flow, self._now_ms):
                        states[key] = flow.state
                    else:
                        states.pop(key, None)

                await self._read(visit, partition, see)
                counts.update(states.values())
        return dict(sorted(counts.items()))

    async def _read_into(self, window: Window | Spool) -> None:
        def see(key: bytes, value: bytes, flow: FlowState | None) -> None:
            if flow is not None and self._wanted.fits(flow, self._now_ms):
                window.put(key, place_of(flow), value)
            else:
                window.drop(key)

        self.unreadable = 0
        async with Visit(self._session.connection) as visit:
            for partition in await visit.starts(self._session.names.flow_states):
                await self._read(visit, partition, see)

    async def _read(self, visit: Visit, partition: int, see: _See) -> None:
        unread: set[bytes] = set()
        topic = self._session.names.flow_states
        async for records in visit.read_to_end(topic, partition):
            for record in records:
                key, value = record.key or b"", record.value
                flow = None if value is None else read_state(FlowState, value)
                self.any_known = self.any_known or flow is not None
                see(key, value or b"", flow)
                if value is not None and flow is None:
                    unread.add(key)
                else:
                    unread.discard(key)
        self.unreadable += len(unread)
