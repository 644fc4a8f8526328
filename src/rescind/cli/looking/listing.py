"""`rescind ls`: pages of flow runs, or how many there are of each state."""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from rescind.cli.exits import Exit
from rescind.cli.printing.output import Output, columns
from rescind.cli.printing.runs import flows_table, state_text, tasks_table
from rescind.cli.reading.filters import Wanted
from rescind.cli.reading.finding import find_flow
from rescind.cli.reading.listing import FlowList, place_of
from rescind.cli.reading.unconfirmed import read_unconfirmed
from rescind.cli.reading.window import Place
from rescind.cli.session import Session, open_session
from rescind.events.states import FlowState, TaskState

__all__ = ["Listing", "list_flows"]

# Of all, so many are in memory at once, and in one table.
_PAGE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Listing:
    """What was typed.

    Attributes:
        limit: at most so many; 0: all.
        after: the id of the last one that was seen, or a beginning of it.
        unconfirmed: only flow runs with task runs that nobody has seen stop, and which these are.
        count: only how many there are in each state.

    """

    wanted: Wanted
    limit: int = 50
    after: str | None = None
    unconfirmed: bool = False
    count: bool = False


async def list_flows(listing: Listing, *, as_json: bool) -> Exit:
    """Raises `UnknownRunError` or `AmbiguousIdError` for an `after` that is not one flow run."""
    session = await open_session()
    unseen: Mapping[str, Sequence[TaskState]] = {}
    wanted = listing.wanted
    if listing.unconfirmed:
        unseen = await read_unconfirmed(session)
        wanted = replace(wanted, unconfirmed=unseen.keys())
    now_ms = round(time.time() * 1000)
    flows = FlowList(session, wanted, now_ms)
    shown = _Shown(Output(as_json=as_json), now_ms, unseen)
    if listing.count:
        shown.counts(await flows.counts())
    else:
        await _list(session, listing, flows, shown)
    if flows.unreadable:
        shown.say(f"{flows.unreadable} records of the state topic cannot be read.", "red")
    return Exit.OK


async def _list(session: Session, listing: Listing, flows: FlowList, shown: "_Shown") -> None:
    begin: Place | None = None
    if listing.after is not None:
        begin = place_of(await find_flow(session, listing.after)).next()
    count, has_more = listing.limit, False
    with shown.pages() as show:
        if count:
            # One more than is shown says whether there are more.
            page = await flows.page(count + 1, begin)
            show(page[:count])
            has_more = len(page) > count
        else:
            async with aclosing(flows.everything(_PAGE, begin)) as pages:
                async for page in pages:
                    show(page)
    shown.end(any_known=flows.any_known, has_more=has_more)


class _Shown:
    """A list on its way to a person or a program."""

    def __init__(
        self, output: Output, now_ms: int, unseen: Mapping[str, Sequence[TaskState]]
    ) -> None:
        self.say = output.say
        self._output = output
        self._now_ms = now_ms
        self._unseen = unseen
        self._last: FlowState | None = None

    def counts(self, counts: Mapping[str, int]) -> None:
        total = sum(counts.values())
        if self._output.as_json:
            self._output.document({"by_state": counts, "total": total})
            return
        table = columns(("STATE", "FLOW RUNS"))
        for state, count in counts.items():
            table.add_row(state_text(state), str(count))
        table.add_row("all", str(total))
        self._output.show(table)

    @contextmanager
    def pages(self) -> Generator[Callable[[Sequence[FlowState]], None]]:
        """Shows a page after the other, and keeps none."""
        if not self._output.as_json:
            yield self._page
            return
        with self._output.documents() as write:

            def page(flows: Sequence[FlowState]) -> None:
                self._last = flows[-1] if flows else self._last
                for flow in flows:
                    write(self._document(flow))

            yield page

    def _page(self, flows: Sequence[FlowState]) -> None:
        self._last = flows[-1] if flows else self._last
        if flows:
            self._output.show(flows_table(flows, self._now_ms))
        for flow in flows:
            if tasks := self._unseen.get(flow.flow_run_id):
                self._output.show(f"\nnobody has seen these stop, of {flow.flow_run_id}:")
                self._output.show(tasks_table(tasks, self._now_ms))

    def end(self, *, any_known: bool, has_more: bool) -> None:
        if self._last is None and not self._output.as_json:
            self.say("No flow run is so." if any_known else _NOTHING_YET)
        if has_more and self._last is not None:
            after = f"--after {self._last.flow_run_id}"
            self.say(f"There are more: {after} shows the next ones, --limit 0 all.", "dim")

    def _document(self, flow: FlowState) -> dict[str, Any]:
        body = flow.model_dump(mode="json", exclude_none=True)
        if (tasks := self._unseen.get(flow.flow_run_id)) is not None:
            shown = [task.model_dump(mode="json", exclude_none=True) for task in tasks]
            body["unconfirmed_task_runs"] = shown
        return body


_NOTHING_YET = "No flow run is known yet. `rescind run FILE` starts one; `rescind demo` shows how."
