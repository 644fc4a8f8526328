"""A session without a service: it hands what is submitted straight to an executor."""

import threading
from collections.abc import Callable

from rescind.runners.executors import AttemptKey, Call, Executor, LocalExecutor, Work, WorkEnd
from rescind.runners.flowrunner.submission import Outcome, Submission
from rescind.runners.sdk.session import BODY_TASK_RUN_ID, open_body

__all__ = ["ExecutorSession"]


class ExecutorSession:
    """Runs one body in the main thread and its tasks in an executor, each once."""

    def __init__(self, executor: Executor) -> None:
        self.flow_run_id = "flow"
        self.is_cancelling = False
        self.runs_coroutines = executor.runs_coroutines
        self.executor = executor
        self.submissions: list[Submission] = []
        self._main = executor if isinstance(executor, LocalExecutor) else LocalExecutor()
        self._news = threading.Condition()

    def play(self, body: Callable[[], object]) -> WorkEnd:
        """Run the body to its end, and return that."""
        ends: list[WorkEnd] = []
        self._main.start()
        if self._main is not self.executor:
            self.executor.start()
        try:
            with open_body(self):
                work = Work(AttemptKey("flow", BODY_TASK_RUN_ID), "body", Call(body))
                self._main.run_here(work, ends.append)
        finally:
            self.executor.shutdown(kill=True)
            self._main.shutdown(kill=True)
        return ends[0]

    def submit(self, submission: Submission) -> None:
        self.submissions.append(submission)

        def ended(end: WorkEnd) -> None:
            submission.done.set_result(Outcome(end))
            self._main.wake()

        key = AttemptKey("flow", submission.task_run_id)
        self.executor.submit(Work(key, submission.name, submission.does), ended)

    def wait_for(self, is_done: Callable[[], bool]) -> None:
        self._main.run_pending(is_done)
