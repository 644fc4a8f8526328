"""What a flow runner does when it is told to stop: the ladder and a first answer at once.

The first answer says what is held. What of that cannot be stopped shows only when it was tried,
and half a second is enough for everything that reacts at all: so there is a second answer, if
anything is held by then.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Coroutine, Iterable

import structlog

from rescind.events.words import Mode
from rescind.runners.client import CancelFlow, CancelTask, Intent, Lost, Run
from rescind.runners.client.clock import boot_seconds
from rescind.runners.client.sending.reported import Reported
from rescind.runners.executors import AttemptKey, Executor
from rescind.runners.executors.held import REACT_SECONDS
from rescind.runners.flowrunner.climbing import Climb, climb
from rescind.runners.flowrunner.conductor import Conductor
from rescind.runners.flowrunner.exiting import LastRung
from rescind.runners.flowrunner.outliving import Outliving
from rescind.runners.flowrunner.watching import Watcher
from rescind.runners.ladder import REPEAT_MS

__all__ = ["Stopping"]

_log = structlog.get_logger(__name__)

ANSWER_SECONDS = REACT_SECONDS + 0.1
LOOK_SECONDS = 0.02


class Stopping:
    """Follows the intents for one flow run. `take` is called in the loop's thread.

    Args:
        executors: all that hold attempts of the flow run: the main thread's and the task runs'.
        last_rung: what is left on an abort, when all rungs have been taken.
        outliving: what is left when nobody waits any more.

    """

    def __init__(
        self,
        run: Run,
        conductor: Conductor,
        executors: Iterable[Executor],
        watcher: Watcher,
        last_rung: LastRung,
        outliving: Outliving,
    ) -> None:
        self._run = run
        self._conductor = conductor
        self._executors = list(executors)
        self._watcher = watcher
        self._last_rung = last_rung
        self._outliving = outliving
        self._outlasting: asyncio.Task[None] | None = None
        self._ladders: dict[str, list[asyncio.Task[None]]] = defaultdict(list)
        self._answers: set[asyncio.Task[None]] = set()
        self.lost: Lost | None = None

    def take(self, intent: Intent) -> None:
        """Do what an intent says, if it is for this flow run."""
        match intent:
            case CancelFlow(flow_run_id=self._run.flow_run_id):
                self._cancel_flow(intent)
            case CancelTask(flow_run_id=self._run.flow_run_id):
                self._cancel_task(intent)
            case Lost():
                self._be_lost(intent)
            case _:
                pass

    async def close(self) -> None:
        """Stop climbing; the attempts have ended, or the process does."""
        tasks = [task for ladder in self._ladders.values() for task in ladder]
        for task in [*tasks, *self._answers]:
            task.cancel()
        await asyncio.gather(*tasks, *self._answers, return_exceptions=True)

    def _cancel_flow(self, intent: CancelFlow) -> None:
        began = time.monotonic() - (boot_seconds() - intent.read_at_seconds)
        self._conductor.stop_all(began)
        self._watcher.told(f"cancel of {intent.flow_run_id}: {intent.reason or 'no reason given'}")
        held = {each: self._conductor.held_on(each) for each in self._executors}
        self._climb(intent, held, began)
        acknowledged = self._answer(intent, [key for keys in held.values() for key in keys])
        # An escalation has a deadline of its own.
        if self._outlasting is not None:
            self._outlasting.cancel()
        self._outlasting = self._spawn(self._outliving.from_deadline_of(intent, acknowledged))

    def _cancel_task(self, intent: CancelTask) -> None:
        began = time.monotonic() - (boot_seconds() - intent.read_at_seconds)
        wanted = AttemptKey(intent.flow_run_id, intent.task_run_id, intent.attempt)
        held = {
            each: [key for key in self._conductor.held_on(each) if key == wanted]
            for each in self._executors
        }
        self._watcher.told(f"cancel of task run {intent.task_run_id}")
        self._climb(intent, held, began)
        self._answer(intent, [key for keys in held.values() for key in keys])

    def _climb(
        self,
        intent: CancelFlow | CancelTask,
        held: dict[Executor, list[AttemptKey]],
        began: float,
    ) -> None:
        # An escalation is the same cancellation in another mode: the old ladder is left.
        for task in self._ladders.pop(intent.cancellation_id, ()):
            task.cancel()
        for executor, keys in held.items():
            for alike in self._alike(executor, keys):
                ladder = Climb(
                    run=self._run,
                    executor=executor,
                    keys=alike,
                    mode=intent.mode,
                    grace_seconds=intent.grace_seconds,
                    cooperative_seconds=self._conductor.cooperative_seconds(alike[0]),
                    began_seconds=began,
                    cancellation_id=intent.cancellation_id,
                    on_rung=self._watcher.rung,
                )
                task = asyncio.get_running_loop().create_task(climb(ladder))
                self._ladders[intent.cancellation_id].append(task)

    def _alike(self, executor: Executor, keys: list[AttemptKey]) -> list[list[AttemptKey]]:
        """The attempts in groups that climb together: the same rungs at the same times."""
        groups: dict[object, list[AttemptKey]] = defaultdict(list)
        for key in keys:
            rungs = executor.rungs_of(key)
            groups[rungs, self._conductor.cooperative_seconds(key)].append(key)
        return list(groups.values())

    def _answer(self, intent: CancelFlow | CancelTask, keys: list[AttemptKey]) -> Reported:
        acknowledged = intent.acknowledge(more=bool(keys))
        if keys:
            self._spawn(self._acknowledge(intent, keys))
        return acknowledged

    async def _acknowledge(self, intent: CancelFlow | CancelTask, keys: list[AttemptKey]) -> None:
        """Say what cannot be stopped, as soon as that can be known and if it still matters."""
        until = time.monotonic() + ANSWER_SECONDS
        # Ends come from the executors' threads; looking is simpler than having each of them tell.
        while self._still_held(keys) and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)
        if not self._still_held(keys):
            return
        asked = set(keys)
        cannot_stop = [
            (key.task_run_id, key.attempt)
            for each in self._executors
            for key in each.cannot_stop(
                [key for key in self._conductor.held_on(each) if key in asked]
            )
        ]
        intent.acknowledge(cannot_stop=cannot_stop)
        if isinstance(intent, CancelFlow) and intent.mode is Mode.ABORT:
            await self._last_rung.take()
        elif cannot_stop:
            names = ", ".join(task_run_id for task_run_id, _ in cannot_stop[:5])
            why = "".join(f"; {each.why_no_interrupt}" for each in self._unable())
            count = len(cannot_stop)
            message = f"{count} cannot be stopped and run to their real end: {names}{why}"
            _log.warning(message)
            self._run.executor_report("warning", message, executor=self._executors[-1].name)

    def _unable(self) -> list[Executor]:
        held_on = self._conductor.held_on
        return [each for each in self._executors if each.why_no_interrupt and held_on(each)]

    def _still_held(self, keys: list[AttemptKey]) -> bool:
        held = {key for each in self._executors for key in self._conductor.held_on(each)}
        return any(key in held for key in keys)

    def _be_lost(self, intent: Lost) -> None:
        """Somebody has ended our attempts in our name: nothing of them may go on.

        The flow run is over with them, so there is nothing to begin a new life for.
        """
        _log.error("this runner was given up", reason=intent.reason)
        self.lost = intent
        self._watcher.lost(intent.reason)
        self._conductor.stop_all(time.monotonic())
        self._spawn(self._kill_all())
        self._spawn(self._end_with_what_is_left())

    async def _kill_all(self) -> None:
        """The highest rung of each attempt, again each second, until nothing is held."""
        while True:
            for executor in self._executors:
                for key in self._conductor.held_on(executor):
                    self._take_highest(executor, key)
            await asyncio.sleep(REPEAT_MS / 1000)

    async def _end_with_what_is_left(self) -> None:
        await asyncio.sleep(ANSWER_SECONDS)
        self._outliving.from_now("this runner was given up")
        await self._last_rung.take(is_lost=True)

    def _take_highest(self, executor: Executor, key: AttemptKey) -> None:
        try:
            executor.cancel([key], executor.rungs_of(key)[-1])
        except Exception:  # noqa: BLE001 - whatever it is, the others are to be ended.
            _log.exception("the executor failed to cancel", executor=executor.name, key=str(key))

    def _spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)
        return task
