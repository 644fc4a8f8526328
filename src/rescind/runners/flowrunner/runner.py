"""`FlowRunner`: one flow run in this process, its body in the main thread.

    main thread                          loop thread
    ───────────                          ───────────
    begin ─────────────────────────────► connect, register, start with the body
    body: submit ──────────────────────► carry each task run
          result() waits, or runs        intents, ladder, reports, heartbeats
          tasks itself (LocalExecutor)
    body has ended ────────────────────► wait for its task runs, report its end, leave

A graceful cancel never kills this process: it stops submitting, lets everything end, cleans up
and exits, and so ends whatever hosts it.
"""

import asyncio
import contextlib
import inspect
import signal
import uuid
from collections.abc import Callable, Collection
from concurrent.futures import Future

import structlog

from rescind.errors import CannotInterruptError
from rescind.runners.client import BodySpec, Handle, Run, RunnerClient
from rescind.runners.executors import AttemptKey, Call, Executor, LocalExecutor, Work, WorkEnd
from rescind.runners.executors.eventloop import AsyncExecutor
from rescind.runners.flowrunner.asking import Asking
from rescind.runners.flowrunner.conductor import Conductor
from rescind.runners.flowrunner.exiting import LastRung
from rescind.runners.flowrunner.outliving import Outliving
from rescind.runners.flowrunner.reporting import ended_of, said_of
from rescind.runners.flowrunner.spec import FlowOutcome, FlowSpec
from rescind.runners.flowrunner.stopping import Stopping
from rescind.runners.flowrunner.submission import Submission
from rescind.runners.flowrunner.watching import Happening, Watcher
from rescind.runners.loopthread import LoopThread
from rescind.settings import Settings
from rescind.tracing.lines import about

__all__ = ["FlowRunner"]

_log = structlog.get_logger(__name__)


class FlowRunner:
    """Runs one flow run. Call `run` in the main thread, once.

    Args:
        spec: what is to be run.
        executor: what runs its task runs; a `LocalExecutor` runs them in the main thread too.
        settings: where Kafka is and the rest; None: as `load_settings` finds them.
        pool: a name for a group of runners.
        handle: by what this process is ended from outside.
        tell: is told what happens here, in whatever thread it happens.
        cancel_on: signals that ask for a cancel once; Ctrl-C does in any case.

    """

    def __init__(
        self,
        spec: FlowSpec,
        executor: Executor,
        settings: Settings | None = None,
        *,
        pool: str = "default",
        handle: Handle | None = None,
        tell: Callable[[Happening], None] | None = None,
        cancel_on: Collection[signal.Signals] = (),
    ) -> None:
        self.flow_run_id = spec.flow_run_id or uuid.uuid4().hex
        self._spec = spec
        self._executor = executor
        self._settings = settings
        self._pool = pool
        self._handle = handle
        self._watcher = Watcher(tell)
        self._loop = LoopThread("rescind-runner")
        self._cancel_on = cancel_on
        self._asking = Asking(
            self.flow_run_id,
            is_new=not spec.flow_run_id,
            post=self._loop.post,
            watcher=self._watcher,
        )
        self._main = executor if isinstance(executor, LocalExecutor) else LocalExecutor()
        if self._main.on_ctrl_c is None:
            self._main.on_ctrl_c = self._asking.ctrl_c
        self._client: RunnerClient | None = None
        self._run: Run | None = None
        self._conductor: Conductor | None = None
        self._last_rung: LastRung | None = None
        self._stopping: Stopping | None = None
        self._closing = contextlib.AsyncExitStack()
        self._body_end: WorkEnd | None = None
        self._is_reporting = False
        self._time_limit: Future[None] | None = None

    def run(self) -> FlowOutcome:
        """Run it to its end. An error of user code is in the outcome, not raised.

        Raises:
            RescindError: the service cannot be reached as it must, or refuses the flow run.

        """
        # What its loop does is called from here, and so has this as well.
        with about(flow_run_id=self.flow_run_id), self._loop, self._asking.by(self._cancel_on):
            self._main.start()
            try:
                if self._executor is not self._main:
                    self._executor.start()
                return self._run_to_its_end()
            finally:
                self._executor.shutdown(kill=True)
                self._main.shutdown(kill=True)
                self._loop.call(self._closing.aclose()).result()

    def _run_to_its_end(self) -> FlowOutcome:
        if self._main.why_no_interrupt and not self._runs_body_on_loop:
            _log.warning(str(CannotInterruptError(self._main.why_no_interrupt)))
        beginning = self._loop.call(self._begin())
        try:
            beginning.result()
            if self._is_over_before_it_began():
                return self._outcome()
            self._run_body()
            self._main.run_pending(until=self._nothing_is_open)
            self._loop.call(self._finish()).result()
            return self._outcome()
        finally:
            # It goes on if Ctrl-C gave up waiting, and would register what nobody runs.
            beginning.cancel()

    def submit(self, submission: Submission) -> None:
        """Have a task run carried out. From any thread; its `done` tells how it ended."""
        assert self._conductor is not None, "the flow run has not begun"
        submission.done.add_done_callback(lambda _done: self._main.wake())
        self._loop.post(self._conductor.take_on, submission)

    def wait_for(self, is_done: Callable[[], bool]) -> None:
        """Wait in the main thread, running what is to run there meanwhile.

        Raises:
            Cancelled: the call that waits was interrupted.

        """
        self._main.run_pending(until=is_done)

    @property
    def runs_coroutines(self) -> bool:
        """Whether its executor runs `async def` tasks."""
        return self._executor.runs_coroutines

    @property
    def is_cancelling(self) -> bool:
        """Whether this runner knows that the flow run is being cancelled."""
        return self._conductor is not None and self._conductor.is_cancelling

    async def _begin(self) -> None:
        client = RunnerClient(
            self._settings,
            pool=self._pool,
            handle=self._handle,
            can=said_of(self._executor, may_exit=self._spec.may_exit),
            on_intent=self._take_intent,
        )
        self._client = await self._closing.enter_async_context(client)
        self._asking.registers(client.ask_cancel)
        spec = self._spec
        run = await client.register_flow(
            spec.name,
            flow_run_id=self.flow_run_id,
            labels=spec.labels,
            namespace=spec.namespace,
            rerun_of=spec.rerun_of,
            start=False,
        )
        self._run = run
        self._watcher.registered(self.flow_run_id)
        self._asking.registered()
        self._conductor = Conductor(run, self._executor, self._executor.capacity, self._watcher)
        self._conductor.on_change(self._main.wake)
        # The same one may run the body and the task runs.
        executors = list(dict.fromkeys((self._main, self._executor)))
        self._last_rung = LastRung(
            run, self._conductor, executors, self._watcher, self._body_may_exit, self._last_words
        )
        asking = None if self._handle else self._asking
        outliving = Outliving(self.flow_run_id, self._last_rung, asking)
        self._stopping = Stopping(
            run, self._conductor, executors, self._watcher, self._last_rung, outliving
        )
        self._closing.push_async_callback(self._stopping.close)
        await run.begin(BodySpec(task_run_id=self._body_key.task_run_id, name=spec.name))

    @property
    def _body_key(self) -> AttemptKey:
        return AttemptKey(self.flow_run_id, "body")

    def _is_over_before_it_began(self) -> bool:
        assert self._run is not None
        return self._run.not_started is not None

    def _run_body(self) -> None:
        work = Work(self._body_key, self._spec.name, Call(self._spec.body))
        if isinstance(self._executor, AsyncExecutor) and self._runs_body_on_loop:
            self._executor.submit_body(work, self._take_body_end, self._may_begin)
            self._main.run_pending(until=lambda: self._body_end is not None)
        else:
            self._main.run_here(work, self._take_body_end, self._may_begin)

    @property
    def _runs_body_on_loop(self) -> bool:
        is_coroutine = inspect.iscoroutinefunction(self._spec.body)
        return is_coroutine and isinstance(self._executor, AsyncExecutor)

    def _may_begin(self, _key: AttemptKey) -> bool:
        assert self._run is not None
        grant = self._run.body_grant
        may = grant is not None and self._loop.call(self._run.may_begin(grant)).result()
        if may and self._spec.timeout_seconds is not None:
            self._time_limit = self._loop.call(self._keep_time(self._spec.timeout_seconds))
        return may

    async def _keep_time(self, seconds: float) -> None:
        """After so long, have the service stop it all: what other runners hold of it as well."""
        await asyncio.sleep(seconds)
        if not self.is_cancelling:
            assert self._run is not None
            self._run.time_out(self._out_of_time)

    @property
    def _out_of_time(self) -> str:
        return f"it took longer than its timeout_seconds ({self._spec.timeout_seconds} s)"

    def _take_body_end(self, end: WorkEnd) -> None:
        self._body_end = end
        self._watcher.ended(end, None)
        self._loop.post(self._tell_body_end)
        self._main.wake()

    def _tell_body_end(self) -> None:
        """As soon as it is known, once the flow run is cancelling: other task runs may go on."""
        is_lost = self._stopping is None or self._stopping.lost is not None
        if self._run and self._body_end and not self._is_reporting and not is_lost:
            self._run.body_ended(ended_of(self._body_end))

    def _nothing_is_open(self) -> bool:
        return self._conductor is None or self._conductor.open == 0

    async def _finish(self) -> None:
        """Report the end of the body, which is the end of the flow run."""
        if self._last_rung is not None and self._last_rung.is_taken:
            # That one reports it, and this process ends meanwhile.
            await asyncio.Event().wait()
        await self._report_end()

    async def _last_words(self) -> None:
        assert self._client is not None
        await self._report_end()
        await self._client.leave()

    async def _report_end(self) -> None:
        assert self._run is not None
        if self._time_limit is not None:
            self._time_limit.cancel()
        self._is_reporting = True
        assert self._stopping is not None
        end = self._body_end
        if end is None or self._stopping.lost is not None:
            return
        await self._run.end(ended_of(end, may_be_cancelled=self._run.is_cancelling))

    def _body_may_exit(self, key: AttemptKey) -> bool:
        is_body = key == self._body_key
        is_waiting = self._main.is_waiting(key) or self._executor.is_waiting(key)
        return is_body and (self._spec.may_exit or is_waiting)

    def _take_intent(self, intent: object) -> None:
        if self._stopping is not None:
            self._stopping.take(intent)  # type: ignore[arg-type]  # The client's union.
            self._tell_body_end()

    def _outcome(self) -> FlowOutcome:
        end = self._body_end
        flow_run_id = self.flow_run_id
        if self._stopping is not None and self._stopping.lost is not None:
            return FlowOutcome(flow_run_id, "lost", message=self._stopping.lost.reason)
        asked = None if self._run is None else self._run.cancellation
        if asked is not None and asked.reason == self._out_of_time:
            return FlowOutcome(flow_run_id, "failed", message=f"TimedOut: {asked.reason}")
        if end is None or self._run is None or self._run.is_cancelling:
            return FlowOutcome(flow_run_id, "cancelled", message="the flow run was cancelled")
        if end.end == "success":
            return FlowOutcome(flow_run_id, "success", end.value)
        if (error := end.error) is None:
            return FlowOutcome(flow_run_id, "failed")
        message = f"{error.type}: {error.message}"
        return FlowOutcome(flow_run_id, "failed", error=error.exception, message=message)
