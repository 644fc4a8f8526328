"""`rescind bulk items`: what came of each flow run that a bulk cancellation has asked.

The journal says it, some hundred flow runs an event. It is read from where the bulk cancellation
was described, and no more is kept than is shown.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import typer

from rescind.cli.bulk.finding import resolve_bulk
from rescind.cli.exits import Exit
from rescind.cli.printing.output import Output, columns
from rescind.cli.printing.runs import state_text
from rescind.cli.reading.journal import read_stream
from rescind.cli.reading.states import read_state
from rescind.cli.session import Session, open_session
from rescind.errors import UnknownBulkError
from rescind.events.bulk import BulkItem
from rescind.events.journal import BulkCreated, BulkProgressed
from rescind.events.moments import moment_to_text
from rescind.events.refusals import Code
from rescind.events.states import FlowState
from rescind.events.words import StreamKind
from rescind.kafka.partitions import partition_of
from rescind.kafka.reading.snapshots import latest
from rescind.kafka.reading.visits import Visit
from rescind.telling.words import clock, plain

__all__ = ["Items", "list_items"]

# Of all, so many are looked up and shown at once, and then twice as many each time: to look them up
# is to read every flow run's state.
_PAGE: Final = 1_000
_TOOK_EFFECT: Final = "took_effect"


@dataclass(frozen=True, slots=True)
class Items:
    """Which of them; ``after``: what comes after the one with this number."""

    refused: bool = False
    outcome: str | None = None
    limit: int = 50
    after: int | None = None

    def check(self) -> None:
        """Raises `typer.BadParameter` for an outcome that none can have."""
        known = [_TOOK_EFFECT, *(code.value for code in Code)]
        if self.outcome is not None and self.outcome not in known:
            raise typer.BadParameter(
                f"expected --outcome to be one of {', '.join(known)}, but got {self.outcome!r}"
            )

    def fits(self, number: int, item: BulkItem) -> bool:
        return (
            (self.after is None or number > self.after)
            and (not self.refused or item.code is not None)
            and self.outcome in {None, _outcome(item)}
        )


class _Told(NamedTuple):
    number: int
    item: BulkItem
    at_ms: int


async def list_items(wanted: str, items: Items, *, as_json: bool) -> Exit:
    """Raises `UnknownBulkError` or `AmbiguousIdError`."""
    output = Output(as_json=as_json)
    session = await open_session()
    bulk = await _find(session, wanted)
    shown = _Shown(session, output)
    page: list[_Told] = []
    size = _PAGE
    async with aclosing(_told(session, bulk)) as told:
        async for one in told:
            if not items.fits(one.number, one.item):
                continue
            if items.limit and shown.count + len(page) == items.limit:
                shown.has_more = True
                break
            page.append(one)
            if len(page) == size:
                await shown.page(page)
                page, size = [], 2 * size
    await shown.page(page)
    shown.end(bulk.bulk_id)
    return Exit.OK


class _Life(NamedTuple):
    """A bulk cancellation, and when it was described."""

    bulk_id: str
    created_ms: int


async def _find(session: Session, wanted: str) -> _Life:
    """The one that is meant; one that is forgotten only by its whole id.

    Raises `UnknownBulkError` or `AmbiguousIdError`.
    """
    try:
        bulk = await resolve_bulk(session, wanted)
    except UnknownBulkError:
        created_ms = None
        async for entries in read_stream(session, wanted, 0):
            for entry in entries:
                if entry.stream_kind is StreamKind.BULK and isinstance(entry.event, BulkCreated):
                    created_ms = entry.at_ms
        if created_ms is None:
            raise
        return _Life(wanted, created_ms)
    return _Life(bulk.bulk_id, bulk.created_ms)


async def _told(session: Session, bulk: _Life) -> AsyncGenerator[_Told, None]:
    """All of this life of it, in the order in which they were asked."""
    number = 0
    async for entries in read_stream(session, bulk.bulk_id, bulk.created_ms):
        for entry in entries:
            event = entry.event
            if entry.stream_kind is not StreamKind.BULK:
                continue
            if isinstance(event, BulkCreated):
                number = 0
            if isinstance(event, BulkProgressed):
                for item in event.items:
                    yield _Told(number, item, entry.at_ms)
                    number += 1


def _outcome(item: BulkItem) -> str:
    return _TOOK_EFFECT if item.code is None else item.code.value


class _Shown:
    """The list on its way to a person or a program."""

    def __init__(self, session: Session, output: Output) -> None:
        self.count = 0
        self.has_more = False
        self._session = session
        self._output = output
        self._last = 0
        self._documents: list[dict[str, Any]] = []

    async def page(self, page: Sequence[_Told]) -> None:
        if not page:
            return
        self.count += len(page)
        self._last = page[-1].number
        flows = await _flows(self._session, {one.item.flow_run_id for one in page})
        if self._output.as_json:
            self._documents += [_document(one, flows) for one in page]
            return
        table = columns(("NUMBER", "FLOW RUN", "NAME", "OUTCOME", "TOLD", "IS NOW"))
        for number, item, at_ms in page:
            flow = flows.get(item.flow_run_id)
            table.add_row(
                str(number),
                plain(item.flow_run_id),
                "" if flow is None else plain(flow.name, 40),
                _outcome(item),
                clock(at_ms),
                "not known" if flow is None else state_text(flow.state),
            )
        self._output.show(table)

    def end(self, bulk_id: str) -> None:
        if self._output.as_json:
            after = self._last if self.has_more else None
            self._output.document({"bulk_id": bulk_id, "items": self._documents, "after": after})
        elif not self.count:
            self._output.say(f"No flow run of {bulk_id} is so.")
        if self.has_more:
            says = f"There are more: --after {self._last} shows the next ones, --limit 0 all."
            self._output.say(says, "dim")


def _document(one: _Told, flows: dict[str, FlowState]) -> dict[str, Any]:
    flow = flows.get(one.item.flow_run_id)
    body = {
        "number": one.number,
        "flow_run_id": one.item.flow_run_id,
        "outcome": _outcome(one.item),
        "event_id": one.item.event_id,
        "at": moment_to_text(one.at_ms),
    }
    return body if flow is None else body | {"name": flow.name, "state": flow.state}


async def _flows(session: Session, ids: set[str]) -> dict[str, FlowState]:
    """As they are now; what is not kept any more is not there."""
    topic = session.names.flow_states
    keys = {one.encode() for one in ids}
    async with Visit(session.connection) as visit:
        count = len(await visit.starts(topic))
        partitions = sorted({partition_of(one, count) for one in ids})
        values = await latest(visit, topic, partitions, keys.__contains__)
    states = [read_state(FlowState, value) for value in values.values()]
    return {state.flow_run_id: state for state in states if state is not None}
