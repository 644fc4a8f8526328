"""Nothing is stuck: each open run has a living owner, or a clock that will end it.

To be asked at the end of a journal whose service is at rest: while a lost runner's work is
still being swept, what is not swept yet has neither.
"""

from collections.abc import Iterator

from rescind.statemachine.audit.findings import FindingCode, Findings
from rescind.statemachine.clocks import task_clocks
from rescind.statemachine.draft import Draft
from rescind.statemachine.edges import is_cancelling, is_running
from rescind.statemachine.runs import FlowRun, TaskRun

__all__ = ["find_unowned"]


def find_unowned(draft: Draft, findings: Findings) -> None:
    """Note every open run that neither lives nor ends."""
    for flow in draft.flows.values():
        if flow is None or flow.end is not None or flow.quarantined:
            continue
        if is_cancelling(flow.state):
            _clocks_have_struck(flow, findings)
            continue
        if flow.runner_id is not None and not _lives(flow.runner_id, draft):
            _not_owned(f"flow run {flow.flow_run_id!r}", flow.runner_id, findings)
        for task in _running(draft, flow.flow_run_id):
            if not _lives(task.runner_id, draft) and not task_clocks(task, flow):
                run = f"task run {task.flow_run_id}/{task.task_run_id}"
                _not_owned(run, task.runner_id, findings)


def _clocks_have_struck(flow: FlowRun, findings: Findings) -> None:
    cancellation = flow.cancellation
    if cancellation is None or None not in {cancellation.deadline_fired, cancellation.wait_fired}:
        findings.add(
            FindingCode.NOT_OWNED,
            "a clock that will end it",
            "all of its clocks have struck, and it is still cancelling",
            where=f"flow run {flow.flow_run_id!r}",
        )


def _running(draft: Draft, flow_run_id: str) -> Iterator[TaskRun]:
    for task in draft.tasks.get(flow_run_id, {}).values():
        if task is not None and is_running(task.state):
            yield task


def _lives(runner_id: str | None, draft: Draft) -> bool:
    runner = None if runner_id is None else draft.runners.get(runner_id)
    return runner is not None and runner.state == "Registered"


def _not_owned(run: str, runner_id: str | None, findings: Findings) -> None:
    findings.add(
        FindingCode.NOT_OWNED,
        "a living owner or a running clock",
        f"its runner {runner_id!r} is gone and no clock runs",
        where=run,
    )
