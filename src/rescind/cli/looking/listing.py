"""`rescind ls`."""

import time

from rescind.cli.exits import Exit
from rescind.cli.printing.output import Output
from rescind.cli.printing.runs import flows_table
from rescind.cli.reading.filters import Wanted
from rescind.cli.reading.states import read_flows
from rescind.cli.session import open_session

__all__ = ["list_flows"]


async def list_flows(wanted: Wanted, limit: int, *, as_json: bool) -> Exit:
    output = Output(as_json=as_json)
    found = await read_flows(await open_session())
    now_ms = round(time.time() * 1000)
    chosen = wanted.choose(found.by_id.values(), now_ms)
    shown = chosen[:limit] if limit else chosen
    if as_json:
        output.document([flow.model_dump(mode="json", exclude_none=True) for flow in shown])
    elif shown:
        output.show(flows_table(shown, now_ms))
    else:
        known = len(found.by_id)
        output.say(f"No flow run is so, of {known} that are known." if known else _NOTHING_YET)
    if len(chosen) > len(shown):
        output.say(f"{len(chosen) - len(shown)} more: --limit 0 shows all.", "dim")
    if found.unreadable:
        output.say(f"{found.unreadable} records of the state topic cannot be read.", "red")
    return Exit.OK


_NOTHING_YET = "No flow run is known yet. `rescind run FILE` starts one; `rescind demo` shows how."
