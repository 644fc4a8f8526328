"""`SyncRunnerClient`: the runner for threads, with an event loop in a thread of its own.

An intent does not wait for any thread to ask: `on_intent` is called in the loop's thread in the
very step in which it was read, to interrupt what has to be interrupted.
"""

import math
import queue
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Literal, Self

from pydantic import JsonValue

from rescind.errors import RunnerClosedError
from rescind.events.requests import BodySpec
from rescind.events.words import CascadePolicy, Clocks, Handle, ParentLink, RunnerCapabilities
from rescind.runners.client.clock import Clock, boot_seconds
from rescind.runners.client.hearing.intents import (
    Acknowledger,
    AttemptRef,
    CancelFlow,
    CancelTask,
    Intent,
    Lost,
    StopInfrastructure,
)
from rescind.runners.client.runner import FLUSH_SECONDS_MAX, RunnerClient
from rescind.runners.client.scope import Scope
from rescind.runners.client.sending.reported import Reported
from rescind.runners.client.threads.loopthread import LoopThread
from rescind.runners.client.threads.syncrun import SyncRun
from rescind.settings import Settings

__all__ = ["SyncRunnerClient"]


class SyncRunnerClient:
    """A runner, from `with` on until it is left. Any thread may use it.

    The arguments are those of `RunnerClient`. `on_intent` is called in the thread of the loop:
    it must be quick, and may report and acknowledge, but not wait.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        pool: str = "default",
        scope: Scope | None = None,
        can: RunnerCapabilities | None = None,
        handle: Handle | None = None,
        on_intent: Callable[[Intent], None] | None = None,
        wait_seconds: float = math.inf,
        flush_seconds_max: float = FLUSH_SECONDS_MAX,
        clock: Clock = boot_seconds,
    ) -> None:
        self._client = RunnerClient(
            settings,
            pool=pool,
            scope=scope,
            can=can,
            handle=handle,
            on_intent=self._hand_on,
            wait_seconds=wait_seconds,
            flush_seconds_max=flush_seconds_max,
            clock=clock,
        )
        self._on_intent = on_intent
        self._intents: queue.SimpleQueue[Intent | None] = queue.SimpleQueue()
        self._loop: LoopThread | None = None

    @property
    def runner_id(self) -> str:
        """128 random bits, in hex; another one after `renew`."""
        return self._client.runner_id

    @property
    def is_lost(self) -> bool:
        """Whether the service has given this runner up."""
        return self._client.is_lost

    def __enter__(self) -> Self:
        loop = LoopThread("rescind runner")
        loop.start()
        try:
            loop.wait_for(self._client.__aenter__(), "enter")
        except BaseException:
            loop.stop()
            raise
        self._loop = loop
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        loop = self._running("leave")
        try:
            loop.wait_for(self._client.__aexit__(kind, error, trace), "leave")
        finally:
            self._intents.put(None)
            self._loop = None
            loop.stop()

    def register_flow(
        self,
        name: str = "flow",
        *,
        flow_run_id: str | None = None,
        labels: Mapping[str, str] | None = None,
        namespace: str = "default",
        parent: ParentLink | None = None,
        cascade: CascadePolicy = CascadePolicy.WAIT,
        rerun_of: str | None = None,
        clocks: Clocks | None = None,
        start: bool = True,
        body: str | BodySpec | None = None,
    ) -> SyncRun:
        """See `RunnerClient.register_flow`."""
        loop = self._running("register_flow")
        run = loop.wait_for(
            self._client.register_flow(
                name,
                flow_run_id=flow_run_id,
                labels=labels,
                namespace=namespace,
                parent=parent,
                cascade=cascade,
                rerun_of=rerun_of,
                clocks=clocks,
                start=start,
                body=body,
            ),
            "register_flow",
        )
        return SyncRun(run, loop)

    def join_flow(self, flow_run_id: str) -> SyncRun:
        """See `RunnerClient.join_flow`."""
        loop = self._running("join_flow")
        return SyncRun(loop.wait_for(self._client.join_flow(flow_run_id), "join_flow"), loop)

    def stand_by(self) -> None:
        """See `RunnerClient.stand_by`."""
        self._running("stand_by").wait_for(self._client.stand_by(), "stand_by")

    def intents(self) -> Iterator[Intent]:
        """Every intent once, as they come, until the client is left. Not beside `on_intent`."""
        while (intent := self._intents.get()) is not None:
            yield intent
        # For whoever else is waiting.
        self._intents.put(None)

    def renew(self) -> str:
        """See `RunnerClient.renew`."""
        return self._running("renew").wait_for(self._client.renew(), "renew")

    def leave(self) -> None:
        """See `RunnerClient.leave`."""
        self._running("leave").wait_for(self._client.leave(), "leave")

    def _running(self, did: str) -> LoopThread:
        if self._loop is None:
            raise RunnerClosedError(did)
        return self._loop

    def _hand_on(self, intent: Intent) -> None:
        told = intent if isinstance(intent, Lost) else self._for_threads(intent)
        if self._on_intent is None:
            self._intents.put(told)
        else:
            self._on_intent(told)

    def _for_threads(self, intent: CancelFlow | CancelTask | StopInfrastructure) -> Intent:
        hop = _Hop(intent.acknowledger, self._running)
        return replace(intent, acknowledger=hop)


class _Hop:
    """Takes what an intent has to say to the thread of the loop."""

    def __init__(self, there: Acknowledger, running: Callable[[str], LoopThread]) -> None:
        self._there = there
        self._running = running

    def acknowledge(
        self,
        intent: CancelFlow | CancelTask,
        held: Iterable[AttemptRef] | None,
        cannot_stop: Iterable[AttemptRef],
        more: bool,
    ) -> Reported:
        """See `Acknowledger`."""
        named = None if held is None else list(held)
        stuck = list(cannot_stop)
        return self._running("acknowledge").do(
            lambda: self._there.acknowledge(intent, named, stuck, more), "acknowledge"
        )

    def report_teardown(
        self,
        intent: StopInfrastructure,
        outcome: Literal["started", "done", "failed"],
        code: str,
        message: str,
        evidence: dict[str, JsonValue] | None,
    ) -> Reported:
        """See `Acknowledger`."""
        return self._running("report").do(
            lambda: self._there.report_teardown(intent, outcome, code, message, evidence), "report"
        )
