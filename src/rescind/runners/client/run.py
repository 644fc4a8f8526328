"""A flow run as its runner drives it: register, start, report, end.

The order that a runner keeps: it asks before each start, begins only what `may_begin` still
allows, reports each attempt's real end, and ends the flow run last. Reports are on their way from
the call on; awaiting them tells that Kafka has them.
"""

import asyncio
from collections.abc import Iterable
from functools import partial

from pydantic import JsonValue

from rescind.errors import BrokerError, RunnerLostError
from rescind.events import intents as wire
from rescind.events.refusals import Code
from rescind.events.requests import BodySpec
from rescind.events.words import How
from rescind.runners.client.hearing.answers import Grant, Refusal
from rescind.runners.client.hearing.intents import CancelFlow, CancelTask
from rescind.runners.client.hearing.waiting import Told
from rescind.runners.client.living.incarnation import Incarnation
from rescind.runners.client.living.tools import Tools, fields
from rescind.runners.client.sending.ended import Ended
from rescind.runners.client.sending.ending import say_until_taken
from rescind.runners.client.sending.outbox import Head, Placed
from rescind.runners.client.sending.reported import Reported
from rescind.runners.client.sending.saying import Attempt, ask_cancel, trace_fields
from rescind.runners.client.sending.story import Story
from rescind.runners.client.specs import TaskSpec, register
from rescind.runners.client.starts import Starts

__all__ = ["Run"]

_BACKOFF_SECONDS = 0.2


class Run(Story):
    """One flow run, driven or served by this runner. Made by `RunnerClient`.

    An id that no run can have raises `ValueError`.

    Attributes:
        flow_run_id: its id.
        body_grant: leave to begin the flow's own code, if it was started with a body.
        cancellation: the intent to cancel it, once this runner has read it; escalated, the last.
        not_started: why it was not started, if somebody asked to cancel it before: its code is
            ``already_finished`` (it is cancelled already) or ``cancelling``.

    """

    def __init__(self, flow_run_id: str, incarnation: Incarnation, tools: Tools) -> None:
        super().__init__(flow_run_id, incarnation.runner_id, tools)
        self.body_grant: Grant | None = None
        self.not_started: Refusal | None = None
        self._incarnation = incarnation
        self._partition = tools.partition_of(flow_run_id)
        self._cancelled_attempts: dict[Attempt, CancelTask] = {}
        self._body: Attempt | None = None
        self._body_said: Placed | None = None
        self._starts = Starts(tools, self._head("task.start"))
        self._finish_heads: dict[str | None, Head] = {None: self._head("task.finish")}
        self._ending: set[asyncio.Task[None]] = set()
        incarnation.served[flow_run_id] = self

    @property
    def is_cancelling(self) -> bool:
        """Whether this runner knows of a cancellation of the flow run, also one before it began."""
        return self.cancellation is not None or self.not_started is not None

    @property
    def held(self) -> list[tuple[str, int]]:
        """Task run and attempt of what was granted and has no report of its end in Kafka."""
        return self._starts.held

    def cancellation_of(self, task_run_id: str, attempt: int = 1) -> CancelFlow | CancelTask | None:
        """What asks this attempt to stop, if anything does."""
        return self.cancellation or self._cancelled_attempts.get((task_run_id, attempt))

    async def begin(self, body: str | BodySpec | None = None) -> None:
        """Start the flow run, if `register_flow` was told not to; see `not_started` afterwards.

        Raises `RefusedError` if it may not start for another reason than a cancellation.
        """
        spec = BodySpec(task_run_id=body) if isinstance(body, str) else body
        said: dict[str, JsonValue] = {}
        granted: asyncio.Future[Told] | None = None
        if spec is not None:
            self._body = (spec.task_run_id, 1)
            granted = self._starts.expect(self._body)
            said["body"] = spec.model_dump(mode="json")
        head = self._head("flow.start")
        refusal = await self._incarnation.ask(head, said)
        if refusal is None:
            if granted is not None:
                grant = await granted
                assert isinstance(grant, Grant)
                self.body_grant = grant
        else:
            self._take_refusal_of_start(Refusal.told(head.type, refusal))
        if self._body is not None:
            self._starts.give_up(self._body)

    async def register(self, specs: Iterable[TaskSpec | str]) -> list[Refusal]:
        """Make task runs known, 500 a record; the refusals, none when all is well.

        One that is known already is no refusal. In a cancelling flow run they are accepted, and
        cancelled in the same step.
        """
        return await register(self._tools, self._head("task.register"), specs)

    async def start(self, task_run_id: str, attempt: int = 1) -> Grant | Refusal:
        """Ask leave to begin an attempt. Asking again for one that is held repeats the grant.

        Ask ahead: a grant may be kept for its `valid_seconds`. Before it is used, `may_begin`
        has to allow it; what is not used is reported by `give_back`.
        """
        return (await self.start_many([(task_run_id, attempt)]))[0]

    async def start_many(self, attempts: Iterable[str | tuple[str, int]]) -> list[Grant | Refusal]:
        """`start` for many at once, 500 a record; the answers in the order of the question."""
        pairs = [(each, 1) if isinstance(each, str) else each for each in attempts]
        if (lost := self._incarnation.lost) is not None:
            why = f"expected a living runner, but it was given up: {lost.reason}"
            return [
                Refusal("task.start", Code.RUNNER_LOST, why, self.flow_run_id, task_run_id)
                for task_run_id, _ in pairs
            ]
        told = await self._starts.ask(pairs)
        if any(
            isinstance(each, wire.Refusal) and each.code is Code.UNKNOWN_RUNNER for each in told
        ):
            # The service has forgotten us. What it has granted it repeats.
            await self._incarnation.register_again(self._partition)
            return await self.start_many(pairs)
        return [
            each if isinstance(each, Grant) else Refusal.told("task.start", each) for each in told
        ]

    async def may_begin(self, grant: Grant) -> bool:
        """Whether this attempt may begin now: to be asked right before.

        Reads the inbox to the end as it is now, then looks: no cancellation of it was read, the
        runner is not lost, and the grant's time has not passed. ``False``: do not begin it. If it
        is only too old, `start` gives a fresh grant; else `give_back`. With no broker it waits
        until the grant is too old.
        """
        while self._stands(grant):
            try:
                async with asyncio.timeout(grant.seconds_left()):
                    await self._incarnation.read_to_end(self._partition)
            except (BrokerError, TimeoutError):
                await asyncio.sleep(_BACKOFF_SECONDS)
            else:
                return self._stands(grant)
        return False

    def time_out(self, reason: str) -> Reported:
        """Say that its time limit has passed: it is stopped as by a cancel, and has timed out.

        The intent comes as that of any cancellation. Only the runner that owns it may say so.
        """
        said: dict[str, JsonValue] = {"reason": reason, "named_end": "timed_out"}
        return ask_cancel(self._tools, self._incarnation.runner_id, self.flow_run_id, said)

    def give_back(self, grant: Grant) -> Reported:
        """Report a grant that was not used: cancelled, never started."""
        return self.finish(grant.task_run_id, Ended.cancelled(How.NEVER_STARTED), grant.attempt)

    def hand_over(self, grant: Grant) -> None:
        """Hold this no more, though it goes on: a child that is a flow run of its own by now."""
        self._starts.hand_over((grant.task_run_id, grant.attempt))

    def finish(self, task_run_id: str, ended: Ended, attempt: int = 1) -> Reported:
        """Report how an attempt ended, batched with others. The first report of it counts.

        With `retry_at`, awaiting it waits until the service has taken it; waiting for that time
        before the next attempt is asked for is up to whoever asks. For the body
        it does what `end` does.
        """
        if self._body == (task_run_id, attempt):
            return self._ending_of(ended)
        placed = self._report_end((task_run_id, attempt), ended)
        if ended.retry_at_ms is None:
            return Reported(placed.sent)
        return Reported.when_taken("task.finish", self._tools.waiting.expect(placed))

    def body_ended(self, ended: Ended) -> None:
        """Report the end of the body while task runs are open, if the flow run is cancelling.

        Then it is kept as evidence, and at the deadline nobody takes the body for running. `end`
        is to be called all the same, and does not say it again.
        """
        if self._body is not None and self._body_said is None and self.is_cancelling:
            self._body_said = self._report_end(self._body, ended)

    async def end(self, ended: Ended) -> None:
        """Report the end of the flow run: of its body, or of itself if it has none.

        Returns when the service has taken it (or keeps it as evidence, in a cancelling flow run);
        while task runs are open it is said again. Then the runner serves this flow run no more.
        Raises `RefusedError` if it is refused, as ``cancelled`` is when nobody asked for that, and
        `RunnerLostError`: then it is kept as a late report.
        """
        refusal = None
        if self._body_said is None:
            say = partial(self._say_end, ended)
            refusal = await say_until_taken(
                say, self._tools.waiting, self._is_end_kept, self._is_over
            )
        else:
            await asyncio.shield(self._body_said.sent)
        if (lost := self._incarnation.lost) is not None:
            raise RunnerLostError(lost.runner_id, lost.reason)
        if refusal is not None:
            asked = "flow.finish" if self._body is None else "task.finish"
            raise Refusal.told(asked, refusal).error()
        self.close()

    def close(self) -> None:
        """Serve this flow run no more: heartbeats do not name it, intents for it come as such."""
        if self._incarnation.served.get(self.flow_run_id) is self:
            del self._incarnation.served[self.flow_run_id]

    def granted(self, grant: Grant) -> None:
        """For the inbox: an attempt may start."""
        self._starts.granted(grant)

    def cancelled(self, intent: CancelFlow | CancelTask) -> None:
        """For the inbox: it, or an attempt of it, is to be stopped."""
        if isinstance(intent, CancelFlow):
            self.cancellation = intent
        else:
            self._cancelled_attempts[intent.task_run_id, intent.attempt] = intent
        self._stops.begin(intent, self.held)

    def settle_held(self) -> list[Attempt]:
        """For acknowledgements: report what nobody took as never started; what is held beside."""
        for attempt in self._starts.take_untaken():
            self._report_end(attempt, Ended.cancelled(How.NEVER_STARTED))
        return self._starts.held

    def stop(self) -> None:
        """For the client's end: say nothing more."""
        for task in self._ending:
            task.cancel()

    def _take_refusal_of_start(self, refusal: Refusal) -> None:
        # It was registered a moment ago and is over: only a cancellation can have done that.
        if refusal.code in {Code.CANCELLING, Code.ALREADY_FINISHED}:
            self.not_started = refusal
        elif refusal.code is not Code.DUPLICATE or self._body is not None:
            raise refusal.error()

    def _stands(self, grant: Grant) -> bool:
        attempt = grant.task_run_id, grant.attempt
        return (
            grant.is_usable()
            and self._incarnation.lost is None
            and self.cancellation_of(*attempt) is None
            and self._starts.holds(attempt)
        )

    def _report_end(self, attempt: Attempt, ended: Ended) -> Placed:
        item = ended.of_task(*attempt).model_dump_json(exclude_defaults=True).encode()
        placed = self._tools.stop_lane.put_item(self._finish_head(attempt), item)
        self._stops.ended(attempt, ended)
        self._starts.ended(attempt, placed.sent)
        return placed

    def _finish_head(self, attempt: Attempt) -> Head:
        """Of one trace all have the same, and leave together."""
        intent = self.cancellation_of(*attempt)
        traceparent = None if intent is None else intent.traceparent
        head = self._finish_heads.get(traceparent)
        if head is None:
            head = self._head("task.finish", **trace_fields(traceparent))
            self._finish_heads[traceparent] = head
        return head

    def _say_end(self, ended: Ended) -> Placed:
        if self._body is not None:
            return self._report_end(self._body, ended)
        return self._tools.stop_lane.put(self._head("flow.finish"), fields(ended.of_flow()))

    def _is_end_kept(self) -> bool:
        return self.is_cancelling or self._incarnation.lost is not None

    async def _is_over(self) -> bool:
        # Starting it again is refused, and the code says whether it runs or has ended.
        refusal = await self._incarnation.ask(self._head("flow.start"), {})
        return refusal is not None and refusal.code is not Code.DUPLICATE

    def _ending_of(self, ended: Ended) -> Reported:
        task = asyncio.create_task(self.end(ended), name=f"end of {self.flow_run_id}")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return Reported(task)
