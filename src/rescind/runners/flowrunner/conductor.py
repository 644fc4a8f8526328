"""The life of one flow run, in the event loop beside user code.

    submitted ► registered ► granted (a few ahead) ► handed to the executor ► ended ► reported
                                                        ▲
    an intent: nothing more is granted ─────────────────┘ acknowledged, and the ladder is taken

One coroutine carries each task run. Everything here runs in the loop's thread; executors call
back from theirs by `post`.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

import structlog

from rescind.errors import RescindError
from rescind.runners.client import Ended, Grant, Refusal, Run
from rescind.runners.client.specs import TaskSpec
from rescind.runners.executors import AttemptKey, Executor, Work, WorkEnd
from rescind.runners.executors.ends import describe
from rescind.runners.flowrunner.cleanup import clean_up
from rescind.runners.flowrunner.climbing import time_out
from rescind.runners.flowrunner.reporting import ended_of
from rescind.runners.flowrunner.submission import Outcome, Submission
from rescind.runners.flowrunner.watching import Watcher
from rescind.runners.flowrunner.window import Window

__all__ = ["Conductor"]

_log = structlog.get_logger(__name__)


class Conductor:
    """Carries the task runs of one flow run, and stops them when that is asked.

    Args:
        run: the flow run, registered and started.
        executor: what runs the task runs.
        capacity: how many of them it runs at once.
        watcher: is told what happens, for whoever shows it.

    """

    def __init__(
        self,
        run: Run,
        executor: Executor,
        capacity: int,
        watcher: Watcher,
    ) -> None:
        self._run = run
        self._executor = executor
        self._watcher = watcher
        self._loop = asyncio.get_running_loop()
        self._window = Window(capacity)
        self._begun_seconds: dict[AttemptKey, float] = {}
        self._stopping = asyncio.Event()
        self._asked_seconds: float | None = None
        self._carried: dict[AttemptKey, Submission] = {}
        self._grants: dict[AttemptKey, Grant] = {}
        self._ends: dict[AttemptKey, asyncio.Future[WorkEnd]] = {}
        self._carrying: set[asyncio.Task[None]] = set()
        self._timing: dict[AttemptKey, asyncio.Task[None]] = {}
        self._timed_out: set[AttemptKey] = set()
        self._given_up: set[AttemptKey] = set()
        self._changed: Callable[[], None] = lambda: None

    @property
    def is_cancelling(self) -> bool:
        """Whether the flow run is known here to be cancelling."""
        return self._stopping.is_set()

    @property
    def open(self) -> int:
        """Task runs that were submitted and have not ended."""
        return len(self._carrying)

    def on_change(self, changed: Callable[[], None]) -> None:
        """Have this called, from the loop's thread, whenever a task run has ended."""
        self._changed = changed

    def take_on(self, submission: Submission) -> None:
        """Begin to carry a task run."""
        task = self._loop.create_task(self._carry(submission), name=submission.task_run_id)
        self._carrying.add(task)
        task.add_done_callback(self._carried_out)

    def _carried_out(self, task: asyncio.Task[None]) -> None:
        self._carrying.discard(task)
        self._changed()

    async def _carry(self, submission: Submission) -> None:
        try:
            outcome = await self._outcome_of(submission)
        except RescindError as error:
            key = AttemptKey(self._run.flow_run_id, submission.task_run_id)
            end = WorkEnd(key, "cancelled", how="never_started")
            outcome = Outcome(end, refusal=str(error))
        except Exception as error:  # noqa: BLE001 - a bug, ours or of an executor.
            # Whoever waits for the result would do so for ever.
            _log.exception("a task run was not carried", task_run_id=submission.task_run_id)
            outcome = Outcome(self._end_of_bug(submission, error))
        submission.done.set_result(outcome)

    def _end_of_bug(self, submission: Submission, error: Exception) -> WorkEnd:
        key = AttemptKey(self._run.flow_run_id, submission.task_run_id)
        running = self._executor.held()
        for task_run_id, attempt in self._run.held:
            if task_run_id == key.task_run_id and replace(key, attempt=attempt) not in running:
                self._run.finish(task_run_id, Ended.failed(error), attempt)
        return WorkEnd(key, "failed", error=describe(error))

    async def _outcome_of(self, submission: Submission) -> Outcome:
        spec = TaskSpec(submission.task_run_id, name=submission.name)
        for refusal in await self._run.register([spec]):
            if not self.is_cancelling:
                raise refusal.error()
        attempt = 1
        while True:
            key = AttemptKey(self._run.flow_run_id, submission.task_run_id, attempt)
            end = await self._one_attempt(key, submission)
            if end is None or isinstance(end, Refusal):
                # It was never ours, so there is nothing to report: the service ends it.
                unstarted = WorkEnd(key, "cancelled", how="never_started")
                why = None if end is None or self.is_cancelling else end.message
                return Outcome(unstarted, refusal=why)
            # What was done all the same, at the last moment, is done.
            timed_out = key in self._timed_out and end.end != "success"
            if await self._will_be_retried(key, end, submission, timed_out=timed_out):
                attempt += 1
                continue
            return Outcome(end, timed_out=timed_out)

    async def _one_attempt(
        self, key: AttemptKey, submission: Submission
    ) -> WorkEnd | Refusal | None:
        """Ask leave, hand it over, wait for its end; the end is not reported yet.

        None: a cancellation came before it was asked for.
        """
        if not await self._turn():
            return None
        try:
            while True:
                asked_seconds = time.monotonic()
                answer = await self._run.start(key.task_run_id, key.attempt)
                if isinstance(answer, Refusal):
                    return answer
                self._window.granted_after(time.monotonic() - asked_seconds)
                end = await self._execute(key, answer, submission)
                if end.how != "never_started" or self._may_not_go_on(key):
                    return end
                # Its grant had only become too old while it waited: it is asked for again.
        finally:
            self._window.release()

    async def _turn(self) -> bool:
        """Wait for a place among those that may be granted; False when cancelling comes first."""
        acquiring = asyncio.ensure_future(self._window.acquire())
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({acquiring, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not self.is_cancelling:
            return True
        if acquiring.done():
            self._window.release()
        acquiring.cancel()
        return False

    async def _execute(self, key: AttemptKey, grant: Grant, submission: Submission) -> WorkEnd:
        ended: asyncio.Future[WorkEnd] = self._loop.create_future()
        self._carried[key] = submission
        self._grants[key] = grant
        self._ends[key] = ended
        work = Work(key, submission.name, submission.does)
        self._executor.submit(work, self._on_end, self._gate)
        try:
            return await ended
        finally:
            if (timing := self._timing.pop(key, None)) is not None:
                timing.cancel()
            if (begun_seconds := self._begun_seconds.pop(key, None)) is not None:
                self._window.ran_for(time.monotonic() - begun_seconds)
            del self._carried[key], self._grants[key], self._ends[key]

    def _gate(self, key: AttemptKey) -> bool:
        """In the executor's thread, right before an attempt begins."""
        asked = asyncio.run_coroutine_threadsafe(self._may_begin(key), self._loop)
        may = asked.result()
        if may:
            self._watcher.begun(key)
        return may

    async def _may_begin(self, key: AttemptKey) -> bool:
        grant = self._grants.get(key)
        if grant is None or self.is_cancelling or not await self._run.may_begin(grant):
            return False
        self._begun_seconds[key] = time.monotonic()
        limit = self._carried[key].timeout_seconds if key in self._carried else None
        if limit is not None:
            # From here on: what waits in the executor takes none of its time.
            self._timing[key] = self._loop.create_task(self._time_out(key, limit))
        return True

    def _may_not_go_on(self, key: AttemptKey) -> bool:
        return (
            self.is_cancelling
            or self._run.cancellation_of(key.task_run_id, key.attempt) is not None
        )

    def _on_end(self, end: WorkEnd) -> None:
        """In whatever thread the executor has it from."""
        self._loop.call_soon_threadsafe(self._take_end, end)

    def _take_end(self, end: WorkEnd) -> None:
        waiting = self._ends.get(end.key)
        if waiting is not None and not waiting.done():
            waiting.set_result(end)
        self._watcher.ended(end, self._after_ms())

    async def _will_be_retried(
        self, key: AttemptKey, end: WorkEnd, submission: Submission, *, timed_out: bool
    ) -> bool:
        """Report the end; True when the next attempt may be asked for, after its delay."""
        asked_for = self._may_not_go_on(key)
        retries_left = key.attempt <= submission.retries
        failed = end.end in ("failed", "crashed") or timed_out
        again = failed and retries_left and not asked_for
        delay = submission.retry_delay_seconds if again else None
        ended = ended_of(
            end,
            timed_out=timed_out,
            retry_in_seconds=delay,
            after_ms=self._after_ms(),
        )
        if asked_for and end.end == "cancelled" and end.how != "never_started":
            await clean_up(self._run, key, submission, may_run=key not in self._given_up)
        reported = self._run.finish(key.task_run_id, ended, key.attempt)
        if delay is None:
            return False
        await reported
        try:
            async with asyncio.timeout(delay):
                await self._stopping.wait()
        except TimeoutError:
            return True
        return False

    async def _time_out(self, key: AttemptKey, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._timed_out.add(key)
        await time_out(self._run, self._executor, key, self._watcher.rung)

    def stop_all(self, asked_seconds: float) -> None:
        """Nothing more is granted; what waits to be ends as never started."""
        self._asked_seconds = asked_seconds
        self._stopping.set()

    def held_on(self, executor: Executor) -> list[AttemptKey]:
        """The attempts of this flow run that an executor has."""
        return [key for key in executor.held() if key.flow_run_id == self._run.flow_run_id]

    def cooperative_seconds(self, key: AttemptKey) -> float:
        """How long this attempt asks to be left alone with the flag."""
        submission = self._carried.get(key)
        return 0.0 if submission is None else submission.cooperative_seconds

    async def settle(self) -> None:
        """Wait until every task run that was submitted has ended, and its report is on its way."""
        while self._carrying:
            await asyncio.wait(self._carrying)

    def carries(self, key: AttemptKey) -> bool:
        """Whether this attempt is one of a task run that is carried: the body is not."""
        return key in self._carried

    def may_exit(self, key: AttemptKey) -> bool:
        """Whether its process may be ended, if it cannot be stopped in it."""
        submission = self._carried.get(key)
        return submission is not None and submission.may_exit

    def give_up(self, key: AttemptKey) -> None:
        """This attempt will end with the process: its clean-up must not run beside it."""
        self._given_up.add(key)

    def _after_ms(self) -> int | None:
        if self._asked_seconds is None:
            return None
        return round((time.monotonic() - self._asked_seconds) * 1000)
