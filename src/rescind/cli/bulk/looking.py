"""`rescind bulk ls` and `show`."""

import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from rescind.cli.bulk.finding import read_bulks, resolve_bulk
from rescind.cli.exits import Exit
from rescind.cli.printing.output import Output, columns
from rescind.cli.reading.filters import matches_state
from rescind.cli.session import open_session
from rescind.events.moments import moment_to_text
from rescind.telling.story_of_bulks import predicate_in_words, tally_in_words
from rescind.telling.words import actor, age, day_and_clock, plain, quoted

if TYPE_CHECKING:
    # The state machine needs an extra; whoever only asks and looks does without.
    from rescind.statemachine.runs import Bulk

__all__ = ["list_bulks", "show_bulk"]


async def list_bulks(states: Collection[str], *, as_json: bool) -> Exit:
    """Those that are in one of these states; none: all."""
    output = Output(as_json=as_json)
    found = [
        bulk
        for bulk in await read_bulks(await open_session())
        if not states or any(matches_state(bulk.state, name) for name in states)
    ]
    found.sort(key=lambda bulk: (-bulk.created_ms, bulk.bulk_id))
    now_ms = round(time.time() * 1000)
    if as_json:
        output.document([_document(bulk) for bulk in found])
    elif found:
        output.show(_table(found, now_ms))
    elif states:
        output.say("No bulk cancellation is so.")
    else:
        output.say("No bulk cancellation is known. `rescind bulk start` makes one.")
    return Exit.OK


async def show_bulk(wanted: str, *, as_json: bool) -> Exit:
    """Raises `UnknownBulkError` or `AmbiguousIdError`."""
    output = Output(as_json=as_json)
    bulk = await resolve_bulk(await open_session(), wanted)
    if as_json:
        output.document(_document(bulk))
        return Exit.OK
    output.show(_details(bulk))
    if bulk.tally.asked:
        output.say(f"`rescind bulk items {bulk.bulk_id}` says what came of each flow run.", "dim")
    return Exit.OK


def _document(bulk: "Bulk") -> dict[str, Any]:
    body = {
        "bulk_id": bulk.bulk_id,
        "state": bulk.state,
        "is_finished": bulk.finished_ms is not None,
        "version": bulk.version,
        "where": bulk.where.model_dump(mode="json", exclude_none=True),
        "reason": bulk.reason,
        "mode": bulk.mode,
        "runs_per_second": bulk.runs_per_second,
        "count": bulk.meant,
        "samples": bulk.samples,
        "actor": None if bulk.actor is None else bulk.actor.model_dump(),
        "started_by": None if bulk.started_by is None else bulk.started_by.model_dump(),
        "created_at": moment_to_text(bulk.created_ms),
        "started_at": _moment(bulk.started_ms),
        "finished_at": _moment(bulk.finished_ms),
        **bulk.tally.model_dump(mode="json"),
    }
    return {key: value for key, value in body.items() if value is not None}


def _moment(at_ms: int | None) -> str | None:
    return None if at_ms is None else moment_to_text(at_ms)


def _table(bulks: "list[Bulk]", now_ms: int) -> Table:
    table = columns(("ID", "STATE", "CREATED", "BY", "MEANS", "ASKED", "REFUSED", "WHERE"))
    for bulk in bulks:
        table.add_row(
            plain(bulk.bulk_id),
            bulk.state,
            f"{age(bulk.created_ms, now_ms)} ago",
            actor(bulk.actor),
            "-" if bulk.meant is None else str(bulk.meant),
            str(bulk.tally.asked),
            str(sum(bulk.tally.refused.values())),
            predicate_in_words(bulk.where),
        )
    return table


def _details(bulk: "Bulk") -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim")
    grid.add_row("bulk cancellation", Text(plain(bulk.bulk_id), style="bold"))
    grid.add_row("state", bulk.state)
    grid.add_row("means", predicate_in_words(bulk.where))
    if bulk.reason:
        grid.add_row("reason", quoted(bulk.reason))
    grid.add_row("described", f"{day_and_clock(bulk.created_ms)}, by {actor(bulk.actor)}")
    if bulk.meant is not None:
        grid.add_row("counted", f"{bulk.meant}")
    if bulk.runs_per_second is not None:
        grid.add_row("at most", f"{bulk.runs_per_second:g} a second")
    if bulk.started_ms is not None:
        grid.add_row("started", f"{day_and_clock(bulk.started_ms)}, by {actor(bulk.started_by)}")
        grid.add_row("so far", tally_in_words(bulk.tally))
    if bulk.finished_ms is not None:
        grid.add_row("ended", day_and_clock(bulk.finished_ms))
    return grid
