"""`Cancels`: a cancel's way: to Kafka as anybody's, and back from the journal."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import structlog

from rescind.asking.line import new_request_id
from rescind.errors import ReadModelError
from rescind.events.journal import Entry, RequestRefused
from rescind.events.refusals import Code
from rescind.events.requests import FlowCancel, TaskCancel
from rescind.server.access.viewer import Viewer
from rescind.server.api.cancels.answers import (
    Answered,
    accepted,
    answered,
    what_to_look_for,
)
from rescind.server.api.cancels.keys import Repeats, answer_under, request_id_of
from rescind.server.api.cancels.known import Shown, look_until, shown
from rescind.server.api.cancels.words import CancelTaskRun
from rescind.server.api.means import Means
from rescind.server.api.subjects import Subject
from rescind.tracing.lines import about

__all__ = ["Cancels", "request_for"]

_log = structlog.get_logger(__name__)


def request_for(
    subject: Subject, wanted: CancelTaskRun, by: Viewer, request_id: str
) -> FlowCancel | TaskCancel:
    """What is wanted, as the wire has it."""
    said: dict[str, Any] = dict(wanted)
    said |= {"request_id": request_id, "actor": by.actor, "flow_run_id": subject.flow_run_id}
    if by.namespaces is not None:
        said["namespaces"] = by.namespaces
    if subject.task_run_id is None:
        return FlowCancel(**said)
    return TaskCancel(**said, task_run_id=subject.task_run_id)


class Cancels:
    """Asks for cancels. One for the whole server: it knows who asks twice."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._repeats = Repeats[Subject, Answered](lambda it: it.answer.outcome != "accepted")

    async def ask(
        self, subject: Subject, wanted: CancelTaskRun, by: Viewer, key: str | None
    ) -> Answered:
        """What came of it within two seconds.

        Raises `ProblemError` if nothing will be cancelled by it, or Kafka is away.
        """
        request_id = (
            new_request_id("http")
            if key is None
            else request_id_of(key, wanted, by, subject.task_run_id)
        )
        request = request_for(subject, wanted, by, request_id)
        with about(**subject._asdict(), request_id=request_id):
            if key is None:
                answered = await self._ask(request, subject)
            else:
                ask = partial(self._ask_unless_answered, request, subject)
                answered = await self._repeats.once(subject, request_id, ask)
            said = answered.answer.outcome
            self._means.meters.cancelled(said)
            _log.info("a cancel is answered", outcome=said, status=answered.status)
            return answered

    async def _ask_unless_answered(
        self, request: FlowCancel | TaskCancel, subject: Subject
    ) -> Answered:
        try:
            answers = await asyncio.to_thread(self._answers_about, subject)
        except ReadModelError:
            # Asked again it changes nothing: the service knows the id as well.
            answers = []
        entry = answer_under(request.request_id or "", answers)
        return (
            await self._ask(request, subject) if entry is None else await self._tell(entry, subject)
        )

    async def _ask(self, request: FlowCancel | TaskCancel, subject: Subject) -> Answered:
        entry = await self._means.ask(request)
        if entry is None:
            return accepted(subject, request.request_id or "")
        if isinstance(entry.event, RequestRefused) and entry.event.code is Code.DUPLICATE:
            entry = await self._first_answer(entry, subject)
        return await self._tell(entry, subject)

    async def _first_answer(self, again: Entry, subject: Subject) -> Entry:
        """What was answered when the same was asked before; else the refusal that says so."""
        first = await look_until(
            lambda: answer_under(again.request_id or "", self._answers_about(subject)),
            lambda found: found is not None,
        )
        return again if first is None else first

    async def _tell(self, entry: Entry, subject: Subject) -> Answered:
        seen: Shown | None = None
        is_there = what_to_look_for(entry)
        if is_there is not None:
            seen = await look_until(lambda: shown(self._means.model, subject), is_there)
        return answered(entry, subject, seen or Shown())

    def _answers_about(self, subject: Subject) -> Sequence[Entry]:
        return self._means.model.answers_to_cancels(subject.flow_run_id, subject.task_run_id)
