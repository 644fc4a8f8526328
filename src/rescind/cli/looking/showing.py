"""`rescind show ID`: a flow run with its task runs, or with those that are asked for."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from rescind.cli.exits import Exit
from rescind.cli.printing.output import Output
from rescind.cli.printing.runs import flow_details, tasks_summary, tasks_table
from rescind.cli.reading.armed import find_flow_or_armed
from rescind.cli.reading.filters import TASK_STATES, check_states, matches_state
from rescind.cli.reading.states import read_tasks
from rescind.cli.session import open_session
from rescind.events.moments import moment_to_text
from rescind.events.states import FlowState, TaskState
from rescind.telling.words import actor, day_and_clock, plain, quoted

if TYPE_CHECKING:
    from rescind.statemachine.runs import Armed

__all__ = ["Tasks", "show_flow"]


@dataclass(frozen=True, slots=True)
class Tasks:
    """Which task runs are shown; what is empty is not asked.

    Attributes:
        limit: at most so many, for a person; 0: all.
        text: a part of the name or of the id, in capitals or not.

    """

    limit: int = 30
    states: tuple[str, ...] = ()
    text: str = ""

    def check(self) -> None:
        """Raises `typer.BadParameter` if no task run can ever be as is asked."""
        check_states(self.states, TASK_STATES)

    def choose(self, tasks: Iterable[TaskState]) -> list[TaskState]:
        """Those that have all of it, in their own order."""
        text = self.text.lower()
        return [
            task
            for task in tasks
            if (not self.states or any(matches_state(task.state, name) for name in self.states))
            and (text in task.task_run_id.lower() or text in task.name.lower())
        ]


async def show_flow(wanted: str, asked: Tasks, *, as_json: bool) -> Exit:
    output = Output(as_json=as_json)
    session = await open_session()
    flow = await find_flow_or_armed(session, wanted)
    if not isinstance(flow, FlowState):
        return _show_armed(flow, output)
    tasks = await read_tasks(session, flow.flow_run_id)
    if as_json:
        body = flow.model_dump(mode="json", exclude_none=True)
        fitting = [task.model_dump(mode="json", exclude_none=True) for task in asked.choose(tasks)]
        body["task_runs"] = fitting
        output.document(body)
        return Exit.OK
    now_ms = round(time.time() * 1000)
    output.show(flow_details(flow, now_ms), Text())
    output.show(tasks_summary(tasks))
    _show_tasks(asked.choose(tasks), asked, output, now_ms)
    return Exit.OK


def _show_tasks(fitting: list[TaskState], asked: Tasks, output: Output, now_ms: int) -> None:
    shown = _interesting_first(fitting)[: asked.limit or None]
    if shown:
        output.show(tasks_table(shown, now_ms))
    elif asked.states or asked.text:
        output.say("No task run is so.")
    if len(fitting) > len(shown):
        output.say(f"{len(fitting) - len(shown)} more: --tasks 0 shows all.", "dim")


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
