"""Nothing is stuck: whatever has happened, clocks and losses lead everything to an end."""

from collections.abc import Iterator

from rescind.events.moments import moment_to_text
from rescind.events.requests import Clock
from rescind.statemachine.clocks import flow_clocks, task_clocks
from rescind.statemachine.edges import is_cancelling, is_running
from rescind.statemachine.runs import TaskRun
from tests.model.asking import RUNNERS, Words
from tests.model.shell import Shell

__all__ = ["it_ends_well"]

STRIKES_MAX = 2_000


def it_ends_well(shell: Shell) -> None:
    """Nothing is stuck, and the checker finds nothing in the journal and the records beside it."""
    shell.check()
    _nothing_is_stuck(shell)
    shell.check()
    auditor, written = shell.world.auditor, shell.world.written
    for topic, records in written.topics().items():
        auditor.compare_states(topic, records.items())
    assert auditor.findings() == []


def _nothing_is_stuck(shell: Shell) -> None:
    """Let all clocks strike, and no cancelling is left; then lose every runner, and nothing is."""
    _strike_all(shell)
    flows = shell.world.base.flows
    assert [flow for flow in flows.values() if is_cancelling(flow.state)] == []
    # A child may outlive its parent, and is not ended by the clocks of that one.
    left = [task for task in _tasks(shell) if is_cancelling(task.state)]
    assert [task for task in left if flows[task.flow_run_id].end is None] == []
    assert shell.world.base.armed == {}
    for runner_id in RUNNERS:
        shell.ask({"type": "runner.lost", "runner_id": runner_id})
    _end_all_children(shell)
    _strike_all(shell)
    assert [flow for flow in flows.values() if is_running(flow.state)] == []
    assert [task for task in _tasks(shell) if is_running(task.state)] == []


def _end_all_children(shell: Shell) -> None:
    """They are elsewhere, with clocks and owners of their own, and so have an end."""
    for task in _tasks(shell):
        if task.child is not None and is_running(task.state):
            about = {"flow_run_id": task.flow_run_id, "task_run_id": task.task_run_id}
            child = {"child_flow_run_id": task.child.flow_run_id, "end": "failed"}
            shell.ask({"type": "child.finished", **about, **child})


def _strike_all(shell: Shell) -> None:
    for _ in range(STRIKES_MAX):
        first = min(_running_clocks(shell), default=None)
        if first is None:
            return
        due_ms, flow_run_id, task_run_id, clock = first
        shell.world.now_ms = max(shell.world.now_ms, due_ms)
        words: Words = {"type": "cancellation.clock", "flow_run_id": flow_run_id}
        words |= {"clock": clock, "due_at": moment_to_text(due_ms)}
        shell.ask(words | ({"task_run_id": task_run_id} if task_run_id else {}))
    raise AssertionError("expected all clocks to have struck, but one is always set anew")


def _running_clocks(shell: Shell) -> Iterator[tuple[int, str, str, str]]:
    """Each with when it is due; not those of forgetting, which end nothing."""
    world = shell.world
    for flow in world.base.flows.values():
        for clock, due_ms in flow_clocks(flow, world.policy).items():
            if clock is not Clock.FORGET:
                yield due_ms, flow.flow_run_id, "", clock.value
    for task in _tasks(shell):
        for clock, due_ms in task_clocks(task, world.base.flows[task.flow_run_id]).items():
            yield due_ms, task.flow_run_id, task.task_run_id, clock.value
    for armed in world.base.armed.values():
        yield armed.until_ms, armed.flow_run_id, "", Clock.ARMED.value


def _tasks(shell: Shell) -> list[TaskRun]:
    return [task for tasks in shell.world.base.tasks.values() for task in tasks.values()]
