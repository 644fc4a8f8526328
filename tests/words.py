"""Requests by their shortest names, for tests that ask many of them.

One flow run, `RUN`, and four runners: one that owns it, another, one that ends infrastructure from
outside, and a stranger that never registers. Everything can be said otherwise by keyword.
"""

from typing import Any, Literal

from rescind.events.requests import (
    BodySpec,
    CancellationAcknowledge,
    CancellationClock,
    ChildFinished,
    Clock,
    FlowCancel,
    FlowFinish,
    FlowRegister,
    FlowStart,
    HeldAttempt,
    InfrastructureReport,
    RunnerForget,
    RunnerLeave,
    RunnerLost,
    RunnerRegister,
    TaskCancel,
    TaskEnd,
    TaskFinish,
    TaskRegister,
    TaskSpec,
    TaskStart,
    TaskToStart,
)
from rescind.events.words import CascadePolicy, End, Handle, How, Mode, RunnerCapabilities
from rescind.statemachine.clocks import flow_clocks, runner_clocks, task_clocks
from tests.scenario import Step
from tests.world import RUN, World

__all__ = [
    "CHILD",
    "HANDLE",
    "STRANGER",
    "A",
    "B",
    "C",
    "abort",
    "acknowledged",
    "body_ended",
    "cancel",
    "cancel_task",
    "child",
    "child_finished",
    "ended",
    "finished",
    "flow",
    "forgets",
    "given_back",
    "granted",
    "leaves",
    "lost",
    "other_runner",
    "out_of_time",
    "outside",
    "registered",
    "runner",
    "started",
    "stopped",
    "strikes",
    "torn_down",
    "with_body",
    "within",
]

A = "runner-a"
B = "runner-b"
C = "runner-c"
STRANGER = "runner-x"
CHILD = "run-2"
"""The flow run that is a child of `RUN`, in a stream of its own."""

HANDLE = Handle(kind="docker", scope="engine:x", identity={"id": "c1"}, exclusive_to=RUN)
"""What ends `B`, and with it nothing but `RUN`."""

runner = RunnerRegister(runner_id=A)
other_runner = RunnerRegister(runner_id=B)
outside = RunnerRegister(
    runner_id=C, scope=HANDLE.scope, capabilities=RunnerCapabilities(can_tear_down=True)
)
flow = FlowRegister(flow_run_id=RUN)
started = FlowStart(flow_run_id=RUN, runner_id=A)
with_body = FlowStart(flow_run_id=RUN, runner_id=A, body=BodySpec(task_run_id="body"))
out_of_time = FlowCancel(
    flow_run_id=RUN, request_id="limit-1", runner_id=A, named_end="timed_out", reason="60 s"
)
cancel = FlowCancel(flow_run_id=RUN, request_id="cancel-1", reason="enough")
abort = FlowCancel(flow_run_id=RUN, request_id="abort-1", mode=Mode.ABORT)


def within(handle: Handle = HANDLE, runner_id: str = B) -> RunnerRegister:
    """A runner that can be ended from outside."""
    return RunnerRegister(runner_id=runner_id, handle=handle)


def torn_down(
    outcome: Literal["started", "done", "failed"] = "done",
    by: str = C,
    of: str = B,
    handle: Handle = HANDLE,
    **more: Any,
) -> InfrastructureReport:
    return InfrastructureReport(
        flow_run_id=RUN,
        runner_id=by,
        target_runner_id=of,
        outcome=outcome,
        handle=handle,
        **more,
    )


def registered(*ids: str, run: str = RUN) -> TaskRegister:
    items = tuple(TaskSpec(task_run_id=task_run_id) for task_run_id in ids)
    return TaskRegister(flow_run_id=run, items=items)


def child(
    task_run_id: str = "t",
    of: str = CHILD,
    cascade: CascadePolicy = CascadePolicy.WAIT,
    run: str = RUN,
) -> TaskRegister:
    """Register the task run that stands for a child."""
    item = TaskSpec(task_run_id=task_run_id, kind="child", child_flow_run_id=of, cascade=cascade)
    return TaskRegister(flow_run_id=run, items=(item,))


def child_finished(
    end: End = End.SUCCESS, task_run_id: str = "t", of: str = CHILD, run: str = RUN, **more: Any
) -> ChildFinished:
    """The child's partition tells its end."""
    return ChildFinished(
        flow_run_id=run, task_run_id=task_run_id, child_flow_run_id=of, end=end, **more
    )


def given_back(*ids: str, by: str = A) -> TaskFinish:
    """A grant that was not used, as its runner reports it."""
    return ended(*ids, end=End.CANCELLED, how=How.NEVER_STARTED, by=by)


def granted(*ids: str, by: str = A, attempt: int = 1, run: str = RUN) -> TaskStart:
    items = tuple(TaskToStart(task_run_id=task_run_id, attempt=attempt) for task_run_id in ids)
    return TaskStart(flow_run_id=run, runner_id=by, items=items)


def ended(
    *ids: str, end: End = End.SUCCESS, by: str = A, run: str = RUN, **more: Any
) -> TaskFinish:
    items = tuple(TaskEnd(task_run_id=task_run_id, end=end, **more) for task_run_id in ids)
    return TaskFinish(flow_run_id=run, runner_id=by, items=items)


def body_ended(end: End = End.SUCCESS, **more: Any) -> TaskFinish:
    return ended("body", end=end, **more)


def finished(end: End = End.SUCCESS, by: str = A, run: str = RUN, **more: Any) -> FlowFinish:
    return FlowFinish(flow_run_id=run, runner_id=by, end=end, **more)


def stopped(*ids: str, how: How = How.GRACEFUL, **more: Any) -> TaskFinish:
    return ended(*ids, end=End.CANCELLED, how=how, **more)


def cancel_task(task_run_id: str, run: str = RUN, **more: Any) -> TaskCancel:
    return TaskCancel(flow_run_id=run, task_run_id=task_run_id, **more)


def leaves(runner_id: str = A) -> RunnerLeave:
    return RunnerLeave(runner_id=runner_id)


def lost(runner_id: str = A) -> RunnerLost:
    return RunnerLost(runner_id=runner_id, reason="silent for 30 s")


def acknowledged(
    *held: str, by: str = A, cannot_stop: tuple[str, ...] = (), last: bool = True, chunk: int = 0
) -> Step:
    """The runner acknowledges the flow run's cancellation as it then stands."""

    def step(world: World) -> Any:
        cancellation = world.flow().cancellation
        assert cancellation is not None
        attempts = tuple(
            HeldAttempt(
                task_run_id=task_run_id,
                attempt=world.task(task_run_id).attempt,
                can_stop=task_run_id not in cannot_stop,
            )
            for task_run_id in (*held, *cannot_stop)
        )
        return world.ask(
            CancellationAcknowledge(
                flow_run_id=RUN,
                runner_id=by,
                cancellation_id=cancellation.id,
                chunk=chunk,
                last=last,
                held=attempts,
            )
        )

    return step


def strikes(clock: Clock, task_run_id: str | None = None) -> Step:
    """The clock strikes when it is due, as it is then set."""

    def step(world: World) -> Any:
        if clock is Clock.ARMED:
            due_ms = world.base.armed[RUN].until_ms
        elif task_run_id is None:
            due_ms = flow_clocks(world.flow(), world.policy)[clock]
        else:
            due_ms = task_clocks(world.task(task_run_id), world.flow())[clock]
        world.now_ms = max(world.now_ms, due_ms)
        return world.ask(
            CancellationClock(flow_run_id=RUN, task_run_id=task_run_id, clock=clock, due_at=due_ms)
        )

    return step


def forgets(runner_id: str = A) -> Step:
    """The clock that forgets a runner strikes when it is due."""

    def step(world: World) -> Any:
        due_ms = runner_clocks(world.base.runners[runner_id], world.policy)[Clock.FORGET]
        world.now_ms = max(world.now_ms, due_ms)
        return world.ask(RunnerForget(runner_id=runner_id, due_at=due_ms))

    return step
