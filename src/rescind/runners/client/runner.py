"""`RunnerClient`: a runner of task runs, whoever executes them.

It holds what is in Kafka's hands and what is in the service's; what runs, and how it is stopped,
is its owner's. Nothing of it is private to Rescind's own flow runner: an engine of somebody
else's needs about sixty lines around it.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self

import structlog
from pydantic import JsonValue

from rescind.errors import RunnerClosedError
from rescind.events.refusals import Code
from rescind.events.requests import BodySpec
from rescind.events.words import (
    CascadePolicy,
    Clocks,
    Handle,
    Mode,
    ParentLink,
    RunnerCapabilities,
)
from rescind.kafka.clients.client_logs import calm_client_logs
from rescind.runners.client.clock import Clock, boot_seconds
from rescind.runners.client.connecting import open_tools
from rescind.runners.client.family import Parents, begin_child
from rescind.runners.client.hearing.answers import Refusal
from rescind.runners.client.hearing.intents import Intent
from rescind.runners.client.living.incarnation import Incarnation
from rescind.runners.client.living.tools import Profile, Tools
from rescind.runners.client.run import Run
from rescind.runners.client.scope import Scope
from rescind.runners.client.sending.outbox import new_id
from rescind.runners.client.sending.reported import Reported
from rescind.runners.client.sending.saying import ask_cancel, head_of
from rescind.runners.client.specs import TaskSpec
from rescind.settings import Settings, load_settings

__all__ = ["FLUSH_SECONDS_MAX", "RunnerClient"]

FLUSH_SECONDS_MAX: Final = 60.0

_log = structlog.get_logger(__name__)


class RunnerClient:
    """A runner, from `async with` on until it is left. Belongs to one event loop.

    Args:
        settings: where Kafka is and the rest; None: as `load_settings` finds them.
        pool: a name for a group of runners.
        scope: what can be reached from here; None: `Scope.host()`.
        can: what can be done about running work.
        handle: by what this runner can be ended from outside, and what that is exclusive to.
        on_intent: called with each intent in the event loop, in the step in which it was read;
            must be quick. `intents` then has none.
        wait_seconds: how long entering waits for a broker and its topics; it says so once.
        flush_seconds_max: how long leaving waits until Kafka has all reports.
        clock: seconds that run through suspend, by which grants are fresh or not.

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
        self._settings = settings
        self._profile = Profile(
            pool, str(scope or Scope.host()), can or RunnerCapabilities(), handle
        )
        self._on_intent = on_intent
        self._wait_seconds = wait_seconds
        self._flush_seconds_max = flush_seconds_max
        self._clock = clock
        self._tools: Tools | None = None
        self._life: Incarnation | None = None
        self._intents: asyncio.Queue[Intent | None] = asyncio.Queue()
        self._closing = AsyncExitStack()
        self._parents = Parents(self.join_flow)

    @property
    def runner_id(self) -> str:
        """128 random bits, in hex; another one after `renew`."""
        return self._living("runner_id").runner_id

    @property
    def is_lost(self) -> bool:
        """Whether the service has given this runner up."""
        return self._living("is_lost").lost is not None

    async def __aenter__(self) -> Self:
        calm_client_logs()
        async with AsyncExitStack() as stack:
            self._tools = await stack.enter_async_context(
                open_tools(self._settings or load_settings(), self._clock, self._wait_seconds)
            )
            stack.push_async_callback(self._end_life)
            await self._begin_life()
            self._closing = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self.leave()
        finally:
            self._intents.put_nowait(None)
            await self._closing.aclose()
            self._tools = self._life = None

    async def register_flow(
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
    ) -> Run:
        """Make a flow run known as this runner's and start it, with its `body` if it has one.

        If somebody asked to cancel it before, it is born cancelled: the `Run` then has
        `not_started`, and nothing of it may begin. A flow run that is registered already is
        taken on if nobody owns it. Without an id it gets one of 128 random bits.

        With a `parent` it is a child: a task run of that name is registered and started in the
        parent's stream first, and `cascade` says what a cancel of the parent means for it. A
        child of a cancelling parent has `not_started`, and is known to nobody.

        Raises `RefusedError` (the id is in use, a parent is too deep) or `RunnerLostError`.
        """
        flow_run_id = flow_run_id or new_id()
        said = {"name": name, "namespace": namespace, **_given(labels, rerun_of)}
        if clocks is not None:
            said["clocks"] = clocks.model_dump(mode="json", exclude_none=True)
        run = await self.join_flow(flow_run_id)
        try:
            if parent is None:
                await self._register(run, said, start)
            else:
                spec = TaskSpec(parent.task_run_id, name, flow_run_id, cascade)
                run.not_started = await self._begin_child(run, said, parent, spec)
            if run.not_started is not None:
                run.close()
            elif start:
                await run.begin(body)
        except BaseException:
            run.close()
            raise
        return run

    async def join_flow(self, flow_run_id: str) -> Run:
        """Serve a flow run that another runner drives: start and end task runs of it here.

        Nothing is asked about the flow run itself. Raises `RunnerLostError`.
        """
        life = self._living("join_flow")
        assert self._tools is not None
        await life.use(self._tools.partition_of(flow_run_id))
        return Run(flow_run_id, life, self._tools)

    async def stand_by(self) -> None:
        """Register in every partition, to be told what has to be ended in this runner's scope.

        Only a runner that `can_tear_down` is told so, by a `StopInfrastructure`. After `renew`
        it is to be called again. Raises `RefusedError` or `RunnerLostError`.
        """
        await self._living("stand_by").use_all()

    def ask_cancel(self, flow_run_id: str, reason: str = "", *, abort: bool = False) -> Reported:
        """Ask for a cancel of a flow run, as anyone may; await it to know that Kafka has it."""
        assert self._tools is not None
        mode = Mode.ABORT if abort else Mode.GRACEFUL
        said: dict[str, JsonValue] = {"reason": reason, "mode": mode.value}
        return ask_cancel(self._tools, self.runner_id, flow_run_id, said)

    async def intents(self) -> AsyncIterator[Intent]:
        """Every intent once, as they come, until the client is left. Not beside `on_intent`."""
        while (intent := await self._intents.get()) is not None:
            yield intent
        # For whoever else is waiting.
        self._intents.put_nowait(None)

    async def renew(self) -> str:
        """After `Lost`, with nothing left that runs: begin anew, under a new id, which is returned.

        The runs of the old life are over: their reports still go out, and are kept as late ones.
        """
        self._living("renew")
        await self._end_life()
        await self._begin_life()
        return self.runner_id

    async def leave(self) -> None:
        """Say good-bye: after this, what is still held counts as lost. Leaving the `with` does it.

        Waits until Kafka has all reports, for `flush_seconds_max` at most.
        """
        life, tools = self._life, self._tools
        if life is None or tools is None:
            return
        for served in life.served.values():
            served.settle_held()
        try:
            async with asyncio.timeout(self._flush_seconds_max):
                await tools.stop_lane.flush()
                for said in life.leave():
                    await said
        except TimeoutError:
            _log.error(
                "reports were not sent: the service will take this runner for lost",
                reports=tools.stop_lane.unsent,
                runner_id=life.runner_id,
            )

    async def _register(self, run: Run, said: dict[str, JsonValue], start: bool) -> None:
        refusal = await self._ask_to_register(run, said)
        # Known already: whether it may be ours, its start tells.
        if refusal is not None and not (start and refusal.code is Code.DUPLICATE):
            raise refusal.error()

    async def _begin_child(
        self, run: Run, said: dict[str, JsonValue], parent: ParentLink, spec: TaskSpec
    ) -> Refusal | None:
        async def register(link: ParentLink) -> Refusal | None:
            linked: dict[str, JsonValue] = {**said, "parent": link.model_dump(mode="json")}
            return await self._ask_to_register(run, linked)

        life = self._living("register_flow")
        served = life.served.get(parent.flow_run_id)
        async with self._parents.serving(parent.flow_run_id, served) as above:
            return await begin_child(above, parent, spec, register)

    async def _ask_to_register(self, run: Run, said: dict[str, JsonValue]) -> Refusal | None:
        assert self._tools is not None
        head = head_of("flow.register", self._tools, self.runner_id, run.flow_run_id)
        refusal = await self._living("register_flow").ask(head, said)
        return None if refusal is None else Refusal.told(head.type, refusal)

    def _living(self, did: str) -> Incarnation:
        if self._life is None:
            raise RunnerClosedError(did)
        return self._life

    async def _begin_life(self) -> None:
        assert self._tools is not None
        self._life = Incarnation(self._tools, self._profile, self._hand_on)
        await self._life.open()

    async def _end_life(self) -> None:
        if self._life is not None:
            await self._life.close()

    def _hand_on(self, intent: Intent) -> None:
        if self._on_intent is None:
            self._intents.put_nowait(intent)
            return
        try:
            self._on_intent(intent)
        except Exception:  # noqa: BLE001 - it is not ours
            _log.exception("on_intent failed", intent=repr(intent))


def _given(labels: Mapping[str, str] | None, rerun_of: str | None) -> dict[str, JsonValue]:
    said: dict[str, JsonValue] = {}
    if labels:
        said["labels"] = dict(labels)
    if rerun_of is not None:
        said["rerun_of"] = rerun_of
    return said
