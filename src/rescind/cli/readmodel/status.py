"""`rescind read-model status`."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from rich.table import Table

from rescind.cli.exits import Exit
from rescind.cli.printing.output import Output, columns
from rescind.cli.readmodel.database import database_of
from rescind.cli.session import open_session
from rescind.events.moments import moment_to_text
from rescind.kafka.reading.visits import ends
from rescind.server.readmodel.standing import Standing, lag_of
from rescind.server.readmodel.storage.migrating import known_revision
from rescind.server.readmodel.surveying import Surveyed, survey
from rescind.telling.words import age

__all__ = ["tell_status"]

_STATES = {
    "serving": "serves",
    "building": "is being built, or was left behind by a rebuild that was killed",
    "retired": "has served; it goes when nobody reads there, or with the next rebuild",
}


async def tell_status(*, as_json: bool) -> Exit:
    """Raises what `database_of` does."""
    output = Output(as_json=as_json)
    session = await open_session()
    last = await ends(session.connection, session.names.journal)
    async with database_of(session) as database:
        found = await asyncio.to_thread(survey, database)
    now_ms = round(time.time() * 1000)
    if as_json:
        models = [_document(each, last, now_ms) for each in found]
        output.document({"known_revision": known_revision(), "models": models})
        return Exit.OK
    for number, each in enumerate(found):
        output.show("" if number == 0 else "\n", _sentence(each), sep="")
        output.show(_table(each.standings, last, now_ms))
    return Exit.OK


def _sentence(each: Surveyed) -> str:
    model, known = each.model, known_revision()
    revision = f"revision {each.revision}" if each.revision else "no tables"
    if each.revision not in {known, None}:
        revision += f" (of this release: {known})"
    return f"read model {model.number} {_STATES[model.state]}: {revision}, {model.place}"


def _document(each: Surveyed, last: Mapping[int, int], now_ms: int) -> dict[str, Any]:
    lags = lag_of(each.standings, last, now_ms)
    return {
        "number": each.model.number,
        "state": each.model.state,
        "place": each.model.place,
        "revision": each.revision,
        "events": sum(at.events for at in each.standings.values()),
        "partitions": [
            {
                "partition": partition,
                "next_offset": at.next_offset,
                "end": last[partition],
                "lag_offsets": lags[partition].offsets,
                "events": at.events,
                "last_event_at": moment_to_text(at.at_ms) if at.at_ms else None,
            }
            for partition, at in _of_all(each.standings, last)
        ],
    }


def _of_all(known: Mapping[int, Standing], last: Mapping[int, int]) -> list[tuple[int, Standing]]:
    """Also of partitions that it has not begun."""
    return [(number, known.get(number, Standing(0, 0, 0))) for number in sorted(last)]


def _table(known: Mapping[int, Standing], last: Mapping[int, int], now_ms: int) -> Table:
    lags = lag_of(known, last, now_ms)
    table = columns(("PARTITION", "NEXT OFFSET", "JOURNAL ENDS", "BEHIND", "EVENTS", "LAST EVENT"))
    for partition, at in _of_all(known, last):
        table.add_row(
            str(partition),
            str(at.next_offset),
            str(last[partition]),
            str(lags[partition].offsets),
            str(at.events),
            f"{age(at.at_ms, now_ms)} ago" if at.at_ms else "-",
        )
    return table
