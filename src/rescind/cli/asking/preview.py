"""What a cancel would do, without asking for it: `rescind cancel --dry-run`.

Read from the states, so it is what holds at this moment; the service decides by what holds when
the request comes.
"""

from collections.abc import Mapping, Sequence

from rescind.cli.asking.choosing import Known
from rescind.cli.exits import Exit, exit_of
from rescind.cli.printing.output import Output
from rescind.cli.reading.states import read_tasks
from rescind.cli.session import Session
from rescind.events.states import FlowState, TaskState
from rescind.telling.words import counted

__all__ = ["count_fates", "preview", "what_would_happen"]


async def preview(session: Session, known: Known, output: Output) -> Exit:
    worst = Exit.OK
    documents: list[dict[str, object]] = []
    for typed, found in known.items():
        if isinstance(found, FlowState):
            tasks = await read_tasks(session, found.flow_run_id)
            counts = count_fates(tasks)
            sentence = what_would_happen(found, counts)
            output.show(f"{found.flow_run_id} {sentence}")
            documents.append(
                {
                    "flow_run_id": found.flow_run_id,
                    "state": found.state,
                    "message": sentence,
                    "task_runs": counts,
                }
            )
        else:
            worst = max(worst, exit_of(found))
            output.complain(str(found))
            documents.append({"flow_run_id": typed, "state": None, "message": str(found)})
    if output.as_json:
        output.document(documents)
    return worst


def count_fates(tasks: Sequence[TaskState]) -> dict[str, int]:
    """How many task runs there are of each fate; the body counts as running."""
    counts = {"running": 0, "not_started": 0, "retrying": 0, "finished": 0, "runners": 0}
    runners: set[str] = set()
    for task in tasks:
        if task.is_finished:
            counts["finished"] += 1
        elif task.is_running:
            counts["running"] += 1
            runners |= {task.runner_id} if task.runner_id is not None else set()
        else:
            counts["retrying" if task.state == "Pending.Retrying" else "not_started"] += 1
    return counts | {"runners": len(runners)}


def what_would_happen(flow: FlowState, counts: Mapping[str, int]) -> str:
    if flow.is_finished:
        return f"is {flow.state}, and finished is final: nothing would happen"
    if flow.is_cancelling:
        return "is being cancelled already: nothing would change, except by --abort"
    told = [
        f"{counted(counts['runners'], 'runner')} would be told to stop "
        f"{counted(counts['running'], 'running task run')}"
        if counts["running"]
        else "nothing of it runs, so it would end at once",
        f"{counts['not_started']} would never start" if counts["not_started"] else "",
        f"{counts['retrying']} would not be tried again" if counts["retrying"] else "",
        _finished(counts["finished"]),
    ]
    return f"is {flow.state}: " + ", ".join(part for part in told if part)


def _finished(count: int) -> str:
    if count == 1:
        return "1 has ended and stays as it is"
    return f"{count} have ended and stay as they are" if count else ""
