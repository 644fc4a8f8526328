"""Nothing is stuck: each open run has a living owner, or a clock that will end it.

To be asked at the end of a journal whose service is at rest: while a lost runner's work is
still being swept, what is not swept yet has neither. A child is owned by its own stream, which
may be in another partition. So it is each side that is asked whether it has told the other all
that it owed: with that, the clocks and owners of one reach the other.
"""

from collections.abc import Iterator

from rescind.statemachine.audit.findings import FindingCode, Findings
from rescind.statemachine.clocks import task_clocks
from rescind.statemachine.draft import Draft
from rescind.statemachine.edges import is_cancelling, is_running
from rescind.statemachine.families import owed_to_child, owed_to_parent
from rescind.statemachine.partition import is_tearing_down
from rescind.statemachine.runs import FlowRun, TaskRun
from rescind.statemachine.teardown import is_awaited

__all__ = ["find_unowned"]


def find_unowned(draft: Draft, findings: Findings) -> None:
    """Note every open run that neither lives nor ends."""
    for flow in draft.flows.values():
        if flow is None or flow.quarantined:
            continue
        _has_told_its_family(flow, draft, findings)
        if flow.end is not None:
            continue
        if is_cancelling(flow.state):
            if not is_tearing_down(flow):
                _clocks_have_struck(flow, findings)
            continue
        if flow.runner_id is not None and not _lives(flow.runner_id, draft):
            _not_owned(f"flow run {flow.flow_run_id!r}", flow.runner_id, findings)
        for task in _running(draft, flow.flow_run_id):
            if task.child is not None or _lives(task.runner_id, draft) or task_clocks(task, flow):
                continue
            if is_awaited(flow, task.runner_id):
                continue
            run = f"task run {task.flow_run_id}/{task.task_run_id}"
            _not_owned(run, task.runner_id, findings)


def _has_told_its_family(flow: FlowRun, draft: Draft, findings: Findings) -> None:
    if owed_to_parent(flow) is not None and flow.parent is not None:
        findings.add(
            FindingCode.NOT_OWNED,
            f"the parent {flow.parent.flow_run_id!r} to have been told of its end",
            "it waits, and nothing says that it was",
            where=f"flow run {flow.flow_run_id!r}",
        )
    if not flow.children:
        return
    for task in _running(draft, flow.flow_run_id):
        if owed_to_child(flow, task) is not None:
            findings.add(
                FindingCode.NOT_OWNED,
                "its child to have been told of the cancel",
                "nothing says that it was",
                where=f"task run {task.flow_run_id}/{task.task_run_id}",
            )


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
