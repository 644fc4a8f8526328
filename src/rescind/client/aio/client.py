"""`AsyncClient`: the HTTP API, method by method, for asyncio.

The methods have the names of the operations in `openapi.json`. What they mean is in
`rescind.client.core`, which `Client` shares.
"""

from types import TracebackType
from typing import Self, TypeVar

import httpx

from rescind.client.aio.bulks import BulkMethods
from rescind.client.aio.carrier import AsyncCarrier
from rescind.client.aio.listing import ListingMethods
from rescind.client.aio.lists import AsyncListing
from rescind.client.aio.operating import OperatingMethods
from rescind.client.aio.stream import AsyncEventStream
from rescind.client.answers import (
    Alive,
    ArmedShown,
    CancelAnswer,
    CancellationShown,
    Event,
    FlowRunWhole,
    Forecast,
    Ready,
    TaskRunWhole,
)
from rescind.client.core import operations
from rescind.client.core.address import DEFAULT_URL
from rescind.client.core.bulks import BulkCore
from rescind.client.core.core import Core
from rescind.client.core.operating import OperatingCore
from rescind.client.core.operations import CascadeWord, ModeWord
from rescind.client.core.pace import Operation
from rescind.events.words import Mode

__all__ = ["AsyncClient"]

T = TypeVar("T")


class AsyncClient(BulkMethods, ListingMethods, OperatingMethods):
    """Asks one server. An async context manager; left, it is closed.

    What was not answered, or was answered "not now", is asked again for ``retry_seconds``: a cancel
    has a key of its own, so it is done once whatever happens. Whoever waits or follows puts up with
    a server that is away for ``away_seconds``.

    Every method raises an `ApiError`: a `ProblemError` if the server says what is wrong,
    `ServerUnavailableError` if nothing answers, `UnexpectedAnswerError` if what answers is no
    Rescind, and `CallError`, with nothing sent, if no request can be made of the arguments.

    Attributes:
        url: of the server, as it is asked.

    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        token: str | None = None,
        timeout_seconds: float = 10.0,
        retry_seconds: float = 15.0,
        away_seconds: float = 300.0,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        """``token``: who asks; None where nobody is asked. ``timeout_seconds``: how long the
        server may be silent. ``http``: for proxies, certificates and headers of your own; it stays
        yours to close.
        """
        self._carrier = AsyncCarrier(url, timeout_seconds, token, http)
        self._core = Core(retry_seconds, away_seconds)
        self._bulks = BulkCore(self._core.pace)
        self._operating = OperatingCore(self._core.pace)
        self.url = self._carrier.wire.base

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close its connections; the ``http`` that it was given stays open."""
        await self._carrier.close()

    async def cancel_flow_run(
        self,
        flow_run_id: str,
        *,
        reason: str = "",
        mode: ModeWord | None = None,
        grace_seconds: float | None = None,
        deadline_seconds: float | None = None,
        cascade: CascadeWord | None = None,
        idempotency_key: str | None = None,
        answer_seconds: float = 10.0,
    ) -> CancelAnswer:
        """Cancel a flow run, and wait up to ``answer_seconds`` for the outcome; asking twice is
        harmless. An id that nobody knows is armed. Raises `RunFinishedError` if it has ended.

        Without ``idempotency_key`` each call has its own. Without an outcome in time it is
        `Outcome.ACCEPTED`: Kafka has the request, and it will be answered.
        """
        doing = self._core.cancel(
            flow_run_id,
            reason=reason,
            mode=mode,
            grace_seconds=grace_seconds,
            deadline_seconds=deadline_seconds,
            cascade=cascade,
            idempotency_key=idempotency_key,
            answer_seconds=answer_seconds,
        )
        return await self._carrier.do(doing)

    async def cancel_task_run(
        self,
        flow_run_id: str,
        task_run_id: str,
        *,
        reason: str = "",
        mode: ModeWord | None = None,
        grace_seconds: float | None = None,
        deadline_seconds: float | None = None,
        idempotency_key: str | None = None,
        answer_seconds: float = 10.0,
    ) -> CancelAnswer:
        """Cancel one task run; the flow run goes on. As `cancel_flow_run` otherwise.

        Raises `RunNotFoundError` too: a task run is not armed.
        """
        doing = self._core.cancel(
            flow_run_id,
            task_run_id,
            reason=reason,
            mode=mode,
            grace_seconds=grace_seconds,
            deadline_seconds=deadline_seconds,
            idempotency_key=idempotency_key,
            answer_seconds=answer_seconds,
        )
        return await self._carrier.do(doing)

    async def can_cancel_flow_run(
        self, flow_run_id: str, mode: ModeWord = Mode.GRACEFUL
    ) -> Forecast:
        """What a cancel would come to now, and what each runner would do. False if it cannot be."""
        return await self._ask(operations.can_cancel(flow_run_id, None, mode))

    async def can_cancel_task_run(
        self, flow_run_id: str, task_run_id: str, mode: ModeWord = Mode.GRACEFUL
    ) -> Forecast:
        """The same of one task run alone."""
        return await self._ask(operations.can_cancel(flow_run_id, task_run_id, mode))

    async def show_flow_run_cancellation(self, flow_run_id: str) -> CancellationShown | ArmedShown:
        """The account of its cancellation as it stands. Raises `NoCancellationError`."""
        return await self._ask(operations.cancellation(flow_run_id))

    async def show_task_run_cancellation(
        self, flow_run_id: str, task_run_id: str
    ) -> CancellationShown:
        """What became of its being cancelled alone. Raises `NoCancellationError`."""
        return await self._ask(operations.cancellation_of_task_run(flow_run_id, task_run_id))

    async def show_flow_run(self, flow_run_id: str) -> FlowRunWhole:
        """One flow run, with its task runs in groups. Raises `RunNotFoundError`."""
        return await self._ask(operations.flow_run(flow_run_id))

    async def show_task_run(self, flow_run_id: str, task_run_id: str) -> TaskRunWhole:
        """One task run. Raises `RunNotFoundError`."""
        return await self._ask(operations.task_run(flow_run_id, task_run_id))

    async def wait_until_finished(
        self, flow_run_id: str, timeout_seconds: float | None = None
    ) -> FlowRunWhole:
        """The flow run when it has ended, however it has. Raises `NotFinishedError` if it has not
        in that time (None: however long it takes), `RunNotFoundError` if nobody knows it.
        """
        return await self._carrier.do(self._core.finished(flow_run_id, timeout_seconds))

    def show_flow_run_timeline(
        self, flow_run_id: str, *, page_size: int = 50, cursor: str | None = None
    ) -> AsyncListing[Event]:
        """What happened to it, as it happened, with the journal's own records."""
        pages = self._core.timeline(flow_run_id, None, page_size)
        return AsyncListing(self._carrier, pages, cursor)

    def show_task_run_timeline(
        self,
        flow_run_id: str,
        task_run_id: str,
        *,
        page_size: int = 50,
        cursor: str | None = None,
    ) -> AsyncListing[Event]:
        """What happened to it, as it happened, with the journal's own records."""
        pages = self._core.timeline(flow_run_id, task_run_id, page_size)
        return AsyncListing(self._carrier, pages, cursor)

    def follow_events(
        self,
        flow_run_id: str | None = None,
        *,
        bulk_id: str | None = None,
        after: str | None = None,
    ) -> AsyncEventStream:
        """The journal as it comes, of one flow run, one bulk cancellation or all.

        It goes on through restarts of the server: nothing is lost and nothing comes twice.
        ``after`` is the id of an event that was followed, by this client or another; without it,
        what comes from now on is sent.
        """
        return AsyncEventStream(self._carrier, self._core.follower(flow_run_id, bulk_id, after))

    async def is_alive(self) -> Alive:
        """Whether the server answers, asked once; False if nothing does."""
        return await self._carrier.do(self._core.alive())

    async def is_ready(self) -> Ready:
        """Whether Kafka takes requests and reads are fresh, asked once; False with `why` if not."""
        return await self._carrier.do(self._core.ready())

    async def _ask(self, wanted: Operation[T]) -> T:
        return await self._carrier.do(self._core.ask(wanted))
