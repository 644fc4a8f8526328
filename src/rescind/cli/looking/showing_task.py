"""`rescind show ID --task TASK`: one task run, with its error and what happened to it."""

import time
from collections.abc import Sequence

from rich.text import Text

from rescind.cli.exits import Exit
from rescind.cli.looking.journal import as_written
from rescind.cli.printing.lines import story_line
from rescind.cli.printing.output import Output
from rescind.cli.printing.runs import task_details
from rescind.cli.reading.finding import find_flow
from rescind.cli.reading.journal import Placed, entries_of
from rescind.cli.reading.states import read_task
from rescind.cli.session import open_session
from rescind.errors import UnknownTaskError
from rescind.events.states import TaskState

__all__ = ["show_task"]


async def show_task(wanted: str, task_run_id: str, *, as_json: bool) -> Exit:
    """Raises `UnknownRunError`, `AmbiguousIdError` or `UnknownTaskError`."""
    output = Output(as_json=as_json)
    session = await open_session()
    flow = await find_flow(session, wanted)
    task = await read_task(session, flow.flow_run_id, task_run_id)
    if task is None:
        raise UnknownTaskError(flow.flow_run_id, task_run_id)
    # The flow run's life: under an id that was used again, not what an earlier one left there.
    found, _ = await entries_of(session, flow.flow_run_id, flow.registered_at)
    events = [
        placed
        for placed in found
        if placed.entry is not None and placed.entry.task_run_id == task_run_id
    ]
    if as_json:
        body = task.model_dump(mode="json", exclude_none=True)
        body["events"] = [as_written(placed) for placed in events]
        output.document(body)
    else:
        _show(task, events, output)
    return Exit.OK


def _show(task: TaskState, events: Sequence[Placed], output: Output) -> None:
    output.show(task_details(task, round(time.time() * 1000)))
    if task.error is not None and task.error.traceback:
        output.show("")
        output.show(task.error.traceback)
    output.show(Text())
    asked_ms = None if task.cancellation is None else task.cancellation.asked_at
    for placed in events:
        if placed.entry is not None:
            output.show(story_line(placed.entry, asked_ms))
