"""`rescind journal tail`: the journal as lines for a person, or as it is for a program."""

import base64
from contextlib import aclosing
from typing import Any, Final

import orjson
from rich.text import Text

from rescind.cli.exits import Exit
from rescind.cli.printing.lines import journal_line
from rescind.cli.printing.output import Output
from rescind.cli.reading.armed import find_flow_or_armed
from rescind.cli.reading.journal import Placed, entries_of, follow_journal, last_entries
from rescind.cli.session import open_session
from rescind.events.states import FlowState
from rescind.telling.words import plain

__all__ = ["as_written", "tail_journal"]

_LINES: Final = 20


async def tail_journal(flow: str | None, lines: int | None, *, follow: bool, as_json: bool) -> Exit:
    """Print the last entries; ``lines`` None: 20 of all, or everything of one flow run."""
    output = Output(as_json=as_json)
    session = await open_session()
    if flow is None:
        key = None
        found, last = await last_entries(session, _LINES if lines is None else lines)
    else:
        run = await find_flow_or_armed(session, flow)
        key = run.flow_run_id.encode()
        since_ms = run.registered_at if isinstance(run, FlowState) else run.at_ms
        found, last = await entries_of(session, run.flow_run_id, since_ms)
        found = found if lines is None else found[len(found) - min(lines, len(found)) :]
    for placed in found:
        _print(placed, output)
    if follow:
        async with aclosing(follow_journal(session, last, key)) as journal:
            async for more in journal:
                for placed in more:
                    _print(placed, output)
    return Exit.OK


def _print(placed: Placed, output: Output) -> None:
    if output.as_json:
        output.json_line(as_written(placed))
    elif placed.entry is not None:
        output.show(journal_line(placed.entry))
    else:
        record = placed.record
        where = f"partition {record.partition}, offset {record.offset}"
        output.show(Text(f"{where}: {plain(str(placed.error))}", style="bold red"))


def as_written(placed: Placed) -> dict[str, Any]:
    """The record as it is, with its place; what is no entry is named, and its bytes in base64."""
    record = placed.record
    place = {"partition": record.partition, "offset": record.offset}
    if placed.error is not None:
        value = base64.b64encode(record.value or b"").decode()
        return {"place": place, "error": str(placed.error), "value_base64": value}
    body: dict[str, Any] = orjson.loads(record.value or b"{}")
    return {"place": place} | body
