"""`Core`: what each method of a client does, as something that still has to be carried out."""

import random
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar

from rescind.client.answers import (
    Alive,
    CancelAnswer,
    Counts,
    Event,
    FlowRun,
    FlowRunWhole,
    PageOf,
    Ready,
    TaskState,
)
from rescind.client.core import operations, waiting
from rescind.client.core.calls import Doing
from rescind.client.core.following import Follower
from rescind.client.core.operations import CascadeWord, ModeWord
from rescind.client.core.pace import Operation, Pace, ask

__all__ = ["Core", "PageAt"]

T = TypeVar("T")


class PageAt(Protocol[T]):
    """Asks for the page of a list that begins at a cursor."""

    def __call__(self, cursor: str | None, /) -> Doing[PageOf[T]]: ...


class Core:
    """Of one client, with its `pace`."""

    def __init__(
        self,
        retry_seconds: float,
        away_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.pace = self._pace = Pace(retry_seconds, away_seconds, clock, chance)

    def ask(self, wanted: Operation[T]) -> Doing[T]:
        return ask(wanted, self._pace)

    def cancel(
        self,
        flow_run_id: str,
        task_run_id: str | None = None,
        *,
        reason: str,
        mode: ModeWord | None,
        grace_seconds: float | None,
        deadline_seconds: float | None,
        cascade: CascadeWord | None = None,
        idempotency_key: str | None,
        answer_seconds: float,
    ) -> Doing[CancelAnswer]:
        wanted: Mapping[str, Any] = {
            "reason": reason or None,
            "mode": mode,
            "grace_seconds": grace_seconds,
            "deadline_seconds": deadline_seconds,
            "cascade": cascade,
        }
        # One for each call: what is sent again has the same, and so is done once.
        key = f"client-{secrets.token_hex(12)}" if idempotency_key is None else idempotency_key
        operation = operations.cancel(flow_run_id, task_run_id, key, wanted)
        return waiting.answered(operation, self._pace, answer_seconds)

    def flow_runs(
        self, state: str | Iterable[str], fitting: Mapping[str, Any], page_size: int
    ) -> PageAt[FlowRun]:
        # Asked for again with each page: an iterator would be empty by then.
        query = {**fitting, "state": state if isinstance(state, str) else tuple(state)}
        operations.flow_runs(query, page_size, None)
        return lambda cursor: self.ask(operations.flow_runs(query, page_size, cursor))

    def count_flow_runs(self, fitting: Mapping[str, Any]) -> Doing[Counts]:
        return self.ask(operations.count_flow_runs(fitting))

    def task_runs(
        self, flow_run_id: str, state: str | Iterable[str], text: str | None, page_size: int
    ) -> PageAt[TaskState]:
        states = state if isinstance(state, str) else tuple(state)
        page = partial(operations.task_runs, flow_run_id, states, text, page_size)
        page(None)
        return lambda cursor: self.ask(page(cursor))

    def timeline(self, flow_run_id: str, task_run_id: str | None, page_size: int) -> PageAt[Event]:
        operations.timeline(flow_run_id, task_run_id, page_size, None)
        return lambda cursor: self.ask(
            operations.timeline(flow_run_id, task_run_id, page_size, cursor)
        )

    def finished(self, flow_run_id: str, timeout_seconds: float | None) -> Doing[FlowRunWhole]:
        operation = operations.flow_run(flow_run_id)
        return waiting.finished(operation, self._pace, flow_run_id, timeout_seconds)

    def alive(self) -> Doing[Alive]:
        return waiting.alive(operations.is_alive())

    def ready(self) -> Doing[Ready]:
        return waiting.ready(operations.is_ready())

    def follower(self, flow_run_id: str | None, bulk_id: str | None, after: str | None) -> Follower:
        return Follower(flow_run_id, bulk_id, after, self._pace)
