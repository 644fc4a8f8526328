"""Flow runs and task runs as tables: what `ls` and `show` print for a person."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rescind.cli.printing.output import columns
from rescind.events.states import CancellationState, FlowState, TaskState
from rescind.events.words import ErrorInfo
from rescind.telling.story_of_runs import account_in_words
from rescind.telling.words import (
    actor,
    age,
    counted,
    day_and_clock,
    duration,
    labels,
    plain,
    quoted,
    short,
    when,
)

__all__ = [
    "flow_details",
    "flows_table",
    "state_text",
    "task_details",
    "tasks_summary",
    "tasks_table",
]

_STATE_STYLES: Final = {
    "Pending": "dim",
    "Pending.Retrying": "dim yellow",
    "Running": "cyan",
    "Running.Cancelling": "bold yellow",
    "Finished.Success": "green",
    "Finished.Cancelled": "magenta",
}


def state_text(state: str) -> Text:
    """A state with its colour; what failed is red, whatever way it did."""
    return Text(state, style=_STATE_STYLES.get(state, "red"))


def flows_table(flows: Iterable[FlowState], now_ms: int) -> Table:
    table = columns(("ID", "NAME", "STATE", "REGISTERED", "TOOK", "CANCEL", "LABELS"))
    for flow in flows:
        table.add_row(
            plain(flow.flow_run_id),
            plain(flow.name, 40),
            state_text(flow.state),
            f"{age(flow.registered_at, now_ms)} ago",
            _took(flow.started_at, flow.finished_at, now_ms),
            "" if flow.cancellation is None else _cancel_cell(flow.cancellation),
            labels(flow.labels),
        )
    return table


def _cancel_cell(begun: CancellationState) -> str:
    reason = f" {quoted(begun.reason, 40)}" if begun.reason else ""
    return f"{actor(begun.actor)}{reason}"


def _took(started_ms: int | None, finished_ms: int | None, now_ms: int) -> str:
    if started_ms is None:
        return ""
    return duration(max(0, (finished_ms if finished_ms is not None else now_ms) - started_ms))


def flow_details(flow: FlowState, now_ms: int) -> RenderableType:
    """All of one flow run, and of its cancellation with its clocks."""
    grid = _grid()
    grid.add_row("flow run", Text(plain(flow.flow_run_id), style="bold"))
    grid.add_row("name", f"{plain(flow.name)} in {plain(flow.namespace)}")
    grid.add_row("state", state_text(flow.state))
    if flow.labels:
        grid.add_row("labels", labels(flow.labels))
    if flow.runner_id is not None:
        grid.add_row("runner", flow.runner_id)
    if flow.parent is not None:
        grid.add_row("parent", f"{flow.parent.flow_run_id}, task run {flow.parent.task_run_id}")
    if flow.rerun_of is not None:
        grid.add_row("again after", flow.rerun_of)
    grid.add_row("registered", _moment(flow.registered_at, now_ms))
    if flow.started_at is not None:
        grid.add_row("started", _moment(flow.started_at, now_ms))
    if flow.finished_at is not None:
        took = _took(flow.started_at or flow.registered_at, flow.finished_at, now_ms)
        grid.add_row("finished", f"{_moment(flow.finished_at, now_ms)}, after {took}")
    if flow.body_end is not None:
        grid.add_row("its body", f"ended {flow.body_end.value}")
    if flow.result_ref is not None:
        grid.add_row("result", plain(flow.result_ref))
    if flow.error is not None:
        grid.add_row("error", f"{plain(flow.error.type)}: {plain(flow.error.message)}")
    if flow.quarantined:
        grid.add_row("quarantined", Text("its journal holds an impossible event", style="red"))
    if flow.cancellation is None:
        return grid
    return Group(grid, Text(), _cancellation(flow.cancellation, flow.is_cancelling, now_ms))


def _cancellation(begun: CancellationState, is_open: bool, now_ms: int) -> Table:
    grid = _grid()
    reason = f": {quoted(begun.reason)}" if begun.reason else ""
    grid.add_row(
        "cancel", f"asked by {actor(begun.actor)} at {when(begun.asked_at, now_ms)}{reason}"
    )
    grid.add_row("mode", f"{begun.mode}, grace {begun.grace_seconds:g} s")
    if is_open:
        grid.add_row("deadline", _countdown(begun.deadline_at, now_ms))
        grid.add_row("at the latest", _countdown(begun.wait_until, now_ms))
    if begun.told:
        grid.add_row("runners", _told(begun, is_open))
    if begun.named_end != "cancelled":
        grid.add_row("counts as", begun.named_end)
    if begun.account is not None:
        grid.add_row("account", account_in_words(begun.account))
    return grid


def _told(begun: CancellationState, is_open: bool) -> str:
    said = f"{counted(len(begun.told), 'runner')} told"
    if not is_open:
        # A runner whose work has ended meanwhile need not have named what it holds.
        return said
    waiting = sorted(set(begun.told) - set(begun.acknowledged))
    said += f", {len(begun.acknowledged)} acknowledged"
    return said + (f"; not yet: {', '.join(map(short, waiting[:5]))}" if waiting else "")


def _countdown(at_ms: int, now_ms: int) -> Text:
    left = at_ms - now_ms
    if left >= 0:
        return Text(f"{when(at_ms, now_ms)}, in {duration(left)}")
    return Text(f"{when(at_ms, now_ms)}, {duration(-left)} ago", style="bold red")


def tasks_summary(tasks: Sequence[TaskState]) -> str:
    """``120 task runs: 100 Pending, 12 Running, 8 Finished.Success``."""
    counts = Counter(task.state for task in tasks)
    said = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    return counted(len(tasks), "task run") + (f": {said}" if said else "")


def tasks_table(tasks: Iterable[TaskState], now_ms: int) -> Table:
    table = columns(("TASK RUN", "NAME", "STATE", "HOW", "TRY", "TOOK", "RUNNER", "ERROR"))
    for task in tasks:
        table.add_row(
            plain(task.task_run_id),
            plain(task.name, 40) + ("" if task.kind == "task" else f" ({task.kind})"),
            state_text(task.state),
            _how(task),
            str(task.attempt),
            _took(task.started_at, task.finished_at, now_ms),
            short(task.runner_id or ""),
            "" if task.error is None else _error(task.error),
        )
    return table


def task_details(task: TaskState, now_ms: int) -> RenderableType:
    """All of one task run but what happened to it, and of its cancellation if it has its own."""
    grid = _grid()
    grid.add_row("task run", Text(plain(task.task_run_id), style="bold"))
    grid.add_row("of", plain(task.flow_run_id))
    grid.add_row("name", plain(task.name) + ("" if task.kind == "task" else f" ({task.kind})"))
    grid.add_row("state", state_text(task.state))
    if task.how is not None:
        grid.add_row("how", _how(task))
    grid.add_row("attempt", str(task.attempt))
    if task.runner_id is not None:
        grid.add_row("runner", plain(task.runner_id))
    if task.child_flow_run_id is not None:
        grid.add_row("child", plain(task.child_flow_run_id))
    grid.add_row("registered", _moment(task.registered_at, now_ms))
    if task.started_at is not None:
        grid.add_row("started", _moment(task.started_at, now_ms))
    if task.retry_at is not None:
        grid.add_row("tried again", when(task.retry_at, now_ms))
    if task.finished_at is not None:
        took = _took(task.started_at, task.finished_at, now_ms)
        grid.add_row("finished", _moment(task.finished_at, now_ms) + (took and f", after {took}"))
    if task.result_ref is not None:
        grid.add_row("result", plain(task.result_ref))
    if task.error is not None:
        grid.add_row("error", f"{plain(task.error.type)}: {plain(task.error.message)}")
    if task.cancellation is None:
        return grid
    return Group(grid, Text(), _cancellation(task.cancellation, not task.is_finished, now_ms))


def _how(task: TaskState) -> Text:
    if task.how is None:
        return Text()
    if task.stopped_confirmed is False:
        return Text(f"{task.how}, unconfirmed", style="bold red")
    return Text(task.how)


def _error(error: ErrorInfo) -> str:
    return f"{plain(error.type)}: {plain(error.message, 80)}"


def _moment(at_ms: int, now_ms: int) -> str:
    return f"{day_and_clock(at_ms)} ({age(at_ms, now_ms)} ago)"


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    return grid
