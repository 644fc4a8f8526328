"""One life of a runner: an id that is used once, its inbox, and where it is registered.

A runner that was given up never gets its id back. It ends what it holds and begins a new life,
with a new id; reports of the old one still go out, and are kept as late ones.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Literal

import structlog
from pydantic import JsonValue

from rescind.errors import RunnerLostError
from rescind.events import intents as wire
from rescind.events.refusals import Code
from rescind.runners.client.hearing.answers import Grant, Refusal
from rescind.runners.client.hearing.inbox import Inbox
from rescind.runners.client.hearing.intents import (
    AttemptRef,
    CancelFlow,
    CancelTask,
    Intent,
    Lost,
    StopInfrastructure,
)
from rescind.runners.client.hearing.repeats import Repeats
from rescind.runners.client.living.heartbeat import beat
from rescind.runners.client.living.serving import Served
from rescind.runners.client.living.tools import Profile, Tools, fields
from rescind.runners.client.sending import saying
from rescind.runners.client.sending.outbox import Head, new_id
from rescind.runners.client.sending.reported import Reported
from rescind.runners.client.tracing import hearing

__all__ = ["Incarnation"]

_log = structlog.get_logger(__name__)


class Incarnation:
    """A runner from its registration until it leaves or is lost.

    `hand_on` is called with each intent in the event loop, in the step in which it was read.
    """

    def __init__(self, tools: Tools, profile: Profile, hand_on: Callable[[Intent], None]) -> None:
        self.runner_id = new_id()
        self.lost: Lost | None = None
        self.served: dict[str, Served] = {}
        """What is served, by flow run: heartbeats name them, grants and intents reach them."""
        self._tools = tools
        self._profile = profile
        self._hand_on = hand_on
        self._repeats = Repeats()
        self._inbox = Inbox(
            tools.connection,
            tools.topics,
            self.runner_id,
            tools.clock,
            self._told,
            self._reminded,
        )
        self._registered: dict[int, asyncio.Task[None]] = {}
        self._beating: asyncio.Task[None] | None = None
        self._has_left = False

    async def open(self) -> None:
        """Connect, and begin to beat."""
        await self._inbox.open()
        await self._inbox.read_reminders(self._tools.partition_of(self.runner_id))
        self._beating = asyncio.create_task(
            beat(self._tools, self.runner_id, lambda: list(self.served)),
            name=f"heartbeat of {self.runner_id}",
        )

    async def use(self, partition: int) -> None:
        """Register in this partition, once; nothing else may be asked there before.

        Raises `RunnerLostError`, or `RefusedError` if the service does not want this runner.
        """
        if self.lost is not None:
            raise RunnerLostError(self.runner_id, self.lost.reason)
        registering = self._registered.get(partition)
        if registering is None or (registering.done() and registering.exception()):
            registering = self._registered[partition] = asyncio.create_task(
                self._register(partition), name=f"registration in {partition}"
            )
        await asyncio.shield(registering)

    async def use_all(self) -> None:
        """Register in every partition; raises as `use` does."""
        await asyncio.gather(*(self.use(partition) for partition in range(self._tools.partitions)))

    async def ask(self, head: Head, said: dict[str, JsonValue]) -> wire.Refusal | None:
        """Ask something on the start lane and wait for the answer, however long it takes."""
        while True:
            placed = self._tools.start_lane.put(head, fields(said))
            told = await self._tools.waiting.expect(placed)
            assert not isinstance(told, Grant)  # Only starts are granted.
            if told is None or told.code is not Code.UNKNOWN_RUNNER:
                return told
            await self.register_again(head.partition)

    async def register_again(self, partition: int) -> None:
        """The service does not know us there any more: tell it again."""
        self._registered.pop(partition, None)
        await self.use(partition)

    async def read_to_end(self, partition: int) -> None:
        """Take in all that is in the inbox there. Raises `BrokerUnavailableError`."""
        await self._inbox.read_to_end(partition)

    def acknowledge(
        self,
        intent: CancelFlow | CancelTask,
        held: Iterable[AttemptRef] | None,
        cannot_stop: Iterable[AttemptRef],
        more: bool,
    ) -> Reported:
        """Send the acknowledgement of a cancellation, behind the reports made before it."""
        served = self.served.get(intent.flow_run_id)
        known: list[saying.Attempt] = [] if served is None else served.settle_held()
        if held is not None:
            named = [saying.attempt_of(ref, known) for ref in held]
        elif isinstance(intent, CancelTask):
            named = [each for each in known if each == (intent.task_run_id, intent.attempt)]
        else:
            named = known
        stuck = {saying.attempt_of(ref, known) for ref in cannot_stop}
        return saying.acknowledge(
            self._tools,
            self.runner_id,
            intent,
            # What cannot be stopped is held, whether or not it was said twice.
            list(dict.fromkeys([*named, *sorted(stuck)])),
            stuck,
            more=more,
        )

    def report_teardown(
        self,
        intent: StopInfrastructure,
        outcome: Literal["started", "done", "failed"],
        code: str,
        message: str,
        evidence: dict[str, JsonValue] | None,
    ) -> Reported:
        """Send what became of a teardown; one that failed may be ordered again."""
        if outcome == "failed":
            self._repeats.forget_teardown(intent.flow_run_id, intent.target_runner_id)
        return saying.report_teardown(
            self._tools, self.runner_id, intent, outcome, code, message, evidence
        )

    def leave(self) -> list[Reported]:
        """Say good-bye wherever it is registered; what it still holds is lost with it."""
        if self.lost is not None or self._has_left:
            return []
        self._has_left = True
        if self._beating is not None:
            self._beating.cancel()
        said = [
            self._tools.stop_lane.put(
                self._head("runner.leave", partition), fields({"partition": partition})
            )
            for partition, task in self._registered.items()
            if task.done() and not task.cancelled() and task.exception() is None
        ]
        return [Reported(placed.sent) for placed in said]

    async def close(self) -> None:
        """Read and beat no more."""
        tasks = [*self._registered.values(), *([self._beating] if self._beating else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for served in self.served.values():
            served.stop()
        await self._inbox.close()

    async def _register(self, partition: int) -> None:
        await self._inbox.use(partition)
        head = self._head("runner.register", partition)
        said = {"partition": partition, **self._profile.fields()}
        told = await self._tools.waiting.expect(self._tools.start_lane.put(head, fields(said)))
        if isinstance(told, wire.Refusal):
            if told.code is Code.RUNNER_LOST:
                raise RunnerLostError(self.runner_id, told.message)
            raise Refusal.told(head.type, told).error()

    def _head(self, kind: str, partition: int) -> Head:
        return Head(kind, self.runner_id, partition, {"runner_id": self.runner_id})

    def _told(self, inbox: wire.Inbox, read_at_seconds: float) -> None:
        # Grants first: an intent of the same transaction is about what they have granted.
        for grant in inbox.grants:
            served = self.served.get(grant.flow_run_id)
            if served is not None:
                served.granted(Grant.told(grant, read_at_seconds, self._tools.clock))
        for refusal in self._tools.waiting.told(inbox):
            self._refused(refusal)
        for flow in inbox.cancel_flow:
            self._cancel(flow, read_at_seconds)
        for task in inbox.cancel_task:
            self._cancel(task, read_at_seconds)
        for teardown in inbox.stop_infrastructure:
            self._tear_down(teardown, read_at_seconds)
        if inbox.lost is not None:
            self._lose(inbox.lost.reason)

    def _reminded(self, reminder: wire.Reminder, read_at_seconds: float) -> None:
        for flow in reminder.cancel_flow:
            self._cancel(flow, read_at_seconds)
        for task in reminder.cancel_task:
            self._cancel(task, read_at_seconds)
        if reminder.lost is not None:
            self._lose(reminder.lost.reason)

    def _cancel(self, told: wire.CancelFlow | wire.CancelTask, read_at_seconds: float) -> None:
        if self.lost is not None or not self._repeats.is_new(told):
            return
        with hearing(told, self._tools.topics, self.runner_id) as traceparent:
            intent = (
                CancelFlow.told(told, read_at_seconds, self, traceparent)
                if isinstance(told, wire.CancelFlow)
                else CancelTask.told(told, read_at_seconds, self, traceparent)
            )
            served = self.served.get(told.flow_run_id)
            if served is not None:
                served.cancelled(intent)
            self._hand_on(intent)

    def _tear_down(self, told: wire.StopInfrastructure, read_at_seconds: float) -> None:
        if self.lost is None and self._repeats.is_new_teardown(told):
            with hearing(told, self._tools.topics, self.runner_id) as traceparent:
                self._hand_on(StopInfrastructure.told(told, read_at_seconds, self, traceparent))

    def _lose(self, reason: str) -> None:
        if self.lost is not None or self._has_left:
            return
        self.lost = Lost(self.runner_id, reason)
        _log.warning("this runner was given up", runner_id=self.runner_id, reason=reason)
        if self._beating is not None:
            self._beating.cancel()
        self._tools.waiting.refuse_all(Code.RUNNER_LOST, f"this runner was given up: {reason}")
        self._hand_on(self.lost)

    def _refused(self, refusal: wire.Refusal) -> None:
        """A report that nobody waits for was refused: it is told, since nothing follows from it."""
        if saying.is_no_news(refusal):
            return
        _log.warning(
            "a report was refused",
            code=refusal.code.value,
            message=refusal.message,
            flow_run_id=refusal.flow_run_id,
            task_run_id=refusal.task_run_id,
        )
