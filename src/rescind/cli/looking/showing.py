"""`rescind show ID`."""

import time

from rich.text import Text

from rescind.cli.exits import Exit
from rescind.cli.printing.output import Output
from rescind.cli.printing.runs import flow_details, tasks_summary, tasks_table
from rescind.cli.reading.finding import find_flow
from rescind.cli.reading.states import read_tasks
from rescind.cli.session import open_session
from rescind.events.states import TaskState

__all__ = ["show_flow"]


async def show_flow(wanted: str, tasks_max: int, *, as_json: bool) -> Exit:
    output = Output(as_json=as_json)
    session = await open_session()
    flow = await find_flow(session, wanted)
    tasks = await read_tasks(session, flow.flow_run_id)
    if as_json:
        body = flow.model_dump(mode="json", exclude_none=True)
        body["task_runs"] = [task.model_dump(mode="json", exclude_none=True) for task in tasks]
        output.document(body)
        return Exit.OK
    now_ms = round(time.time() * 1000)
    output.show(flow_details(flow, now_ms), Text())
    output.show(tasks_summary(tasks))
    shown = _interesting_first(tasks)[: tasks_max or None]
    if shown:
        output.show(tasks_table(shown, now_ms))
    if len(tasks) > len(shown):
        output.say(f"{len(tasks) - len(shown)} more: --tasks 0 shows all.", "dim")
    return Exit.OK


def _interesting_first(tasks: list[TaskState]) -> list[TaskState]:
    """What runs, then what was stopped or failed, then the rest; else in their own order."""

    def rank(task: TaskState) -> int:
        if task.is_running:
            return 0
        if not task.is_finished:
            return 3
        return 2 if task.state == "Finished.Success" or task.how == "never_started" else 1

    return sorted(tasks, key=rank)
