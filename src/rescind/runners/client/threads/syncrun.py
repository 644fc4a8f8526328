"""`SyncRun`: a flow run as threads drive it. Each method is the one of `Run`, and waits.

Reports do not wait: what they return has `wait`. All may be called from many threads at once,
and those that do not wait also from `on_intent`.
"""

from collections.abc import Iterable
from typing import Literal

from rescind.events.requests import BodySpec, Step
from rescind.runners.client.hearing.answers import Grant, Refusal
from rescind.runners.client.hearing.intents import CancelFlow, CancelTask
from rescind.runners.client.run import Run
from rescind.runners.client.sending.ended import Ended
from rescind.runners.client.sending.reported import Reported
from rescind.runners.client.specs import TaskSpec
from rescind.runners.client.threads.loopthread import LoopThread

__all__ = ["SyncRun"]


class SyncRun:
    """One flow run, driven or served by this runner. Made by `SyncRunnerClient`."""

    def __init__(self, run: Run, loop: LoopThread) -> None:
        self._run = run
        self._loop = loop

    @property
    def flow_run_id(self) -> str:
        """Its id."""
        return self._run.flow_run_id

    @property
    def body_grant(self) -> Grant | None:
        """Leave to begin the flow's own code, if it was started with a body."""
        return self._run.body_grant

    @property
    def not_started(self) -> Refusal | None:
        """Why it was not started, if somebody asked to cancel it before."""
        return self._run.not_started

    @property
    def is_cancelling(self) -> bool:
        """Whether this runner knows of a cancellation of the flow run, also one before it began."""
        return self._run.is_cancelling

    @property
    def held(self) -> list[tuple[str, int]]:
        """Task run and attempt of what was granted and has no report of its end in Kafka."""
        return self._loop.do(lambda: self._run.held, "held")

    def cancellation_of(self, task_run_id: str, attempt: int = 1) -> CancelFlow | CancelTask | None:
        """What asks this attempt to stop, if anything does."""
        return self._run.cancellation_of(task_run_id, attempt)

    def begin(self, body: str | BodySpec | None = None) -> None:
        """See `Run.begin`."""
        self._loop.wait_for(self._run.begin(body), "begin")

    def register(self, specs: Iterable[TaskSpec | str]) -> list[Refusal]:
        """See `Run.register`."""
        return self._loop.wait_for(self._run.register(list(specs)), "register")

    def start(self, task_run_id: str, attempt: int = 1) -> Grant | Refusal:
        """See `Run.start`."""
        return self._loop.wait_for(self._run.start(task_run_id, attempt), "start")

    def start_many(self, attempts: Iterable[str | tuple[str, int]]) -> list[Grant | Refusal]:
        """See `Run.start_many`."""
        return self._loop.wait_for(self._run.start_many(list(attempts)), "start_many")

    def may_begin(self, grant: Grant) -> bool:
        """See `Run.may_begin`."""
        return self._loop.wait_for(self._run.may_begin(grant), "may_begin")

    def time_out(self, reason: str) -> Reported:
        """See `Run.time_out`."""
        return self._loop.do(lambda: self._run.time_out(reason), "time_out")

    def give_back(self, grant: Grant) -> Reported:
        """See `Run.give_back`."""
        return self._loop.do(lambda: self._run.give_back(grant), "give_back")

    def finish(self, task_run_id: str, ended: Ended, attempt: int = 1) -> Reported:
        """See `Run.finish`; `Reported.wait` waits."""
        return self._loop.do(lambda: self._run.finish(task_run_id, ended, attempt), "finish")

    def end(self, ended: Ended) -> None:
        """See `Run.end`."""
        self._loop.wait_for(self._run.end(ended), "end")

    def stopping(self, steps: Iterable[Step], cancellation_id: str | None = None) -> Reported:
        """See `Run.stopping`."""
        taken = list(steps)
        return self._loop.do(lambda: self._run.stopping(taken, cancellation_id), "stopping")

    def cleanup(
        self,
        task_run_id: str,
        outcome: Literal["started", "done", "failed", "timed_out"],
        *,
        attempt: int = 1,
        after_ms: int = 0,
        message: str = "",
    ) -> Reported:
        """See `Run.cleanup`."""
        return self._loop.do(
            lambda: self._run.cleanup(
                task_run_id, outcome, attempt=attempt, after_ms=after_ms, message=message
            ),
            "cleanup",
        )

    def executor_report(
        self, outcome: Literal["failed", "warning"], message: str, *, executor: str = ""
    ) -> Reported:
        """See `Run.executor_report`."""
        return self._loop.do(
            lambda: self._run.executor_report(outcome, message, executor=executor),
            "executor_report",
        )

    def close(self) -> None:
        """See `Run.close`."""
        self._loop.do(self._run.close, "close")
