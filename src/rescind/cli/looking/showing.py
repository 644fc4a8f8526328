"""`rescind show ID`."""

import time
from typing import TYPE_CHECKING

from rich.text import Text

from rescind.cli.exits import Exit
from rescind.cli.printing.output import Output
from rescind.cli.printing.runs import flow_details, tasks_summary, tasks_table
from rescind.cli.reading.armed import find_flow_or_armed
from rescind.cli.reading.states import read_tasks
from rescind.cli.session import open_session
from rescind.events.moments import moment_to_text
from rescind.events.states import FlowState, TaskState
from rescind.telling.words import actor, day_and_clock, plain, quoted

if TYPE_CHECKING:
    from rescind.statemachine.runs import Armed

__all__ = ["show_flow"]


async def show_flow(wanted: str, tasks_max: int, *, as_json: bool) -> Exit:
    output = Output(as_json=as_json)
    session = await open_session()
    flow = await find_flow_or_armed(session, wanted)
    if not isinstance(flow, FlowState):
        return _show_armed(flow, output)
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


def _show_armed(armed: "Armed", output: Output) -> Exit:
    if output.as_json:
        output.document(
            {
                "flow_run_id": armed.flow_run_id,
                "state": "armed",
                "cancellation_id": armed.cancellation_id,
                "asked_by": None if armed.actor is None else armed.actor.model_dump(mode="json"),
                "asked_at": moment_to_text(armed.at_ms),
                "reason": armed.reason,
                "mode": armed.mode,
                "armed_until": moment_to_text(armed.until_ms),
            }
        )
    else:
        reason = f": {quoted(armed.reason)}" if armed.reason else ""
        output.show(
            f"{plain(armed.flow_run_id)} is known to nobody yet, and a cancel waits for it until "
            f"{day_and_clock(armed.until_ms)}, asked by {actor(armed.actor)} at "
            f"{day_and_clock(armed.at_ms)}{reason}"
        )
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
