"""`rescind bulk start`, and `rescind cancel --where`: described, counted, shown, and then started.

What is asked for stands in the journal from the first step on. Whoever answers the question with
no stops it, and whoever asks only for a count leaves a draft that cancels nothing.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import typer
from pydantic_core import ValidationError

from rescind.cli.asking.sending import Asker
from rescind.cli.bulk.moving import common, refusal
from rescind.cli.bulk.predicate import predicate
from rescind.cli.exits import Exit
from rescind.cli.options import misused
from rescind.cli.printing.output import Output
from rescind.cli.session import Session, needs_extra, open_session
from rescind.errors import NoAnswerError
from rescind.events.journal import (
    BulkCompleted,
    BulkCounted,
    BulkProgressed,
    BulkStopped,
    Entry,
)
from rescind.events.requests import BulkCreate, BulkStart, BulkStop
from rescind.events.words import CascadePolicy, Mode, StreamKind
from rescind.telling.story_of_bulks import predicate_in_words, tally_in_words, tell_bulk
from rescind.telling.words import counted as so_many
from rescind.telling.words import plain

__all__ = ["Description", "start"]


@dataclass(frozen=True, slots=True)
class Description:
    """What was typed.

    Attributes:
        where: as ``name=nightly``; all of it has to fit. Without any, `bulk_id` is of a draft.
        yes: start it without a question, however many flow runs it means.
        answer_seconds: how long to wait for each answer, and for the count.

    """

    where: Sequence[str]
    bulk_id: str | None = None
    reason: str = ""
    mode: Mode = Mode.GRACEFUL
    grace_seconds: float | None = None
    deadline_seconds: float | None = None
    cascade: CascadePolicy | None = None
    runs_per_second: float | None = None
    wait: bool = False
    dry_run: bool = False
    yes: bool = False
    answer_seconds: float = 10.0

    def request(self) -> BulkCreate:
        """Raises `typer.BadParameter` if something that was typed does not fit."""
        try:
            return BulkCreate(
                bulk_id=self.bulk_id or f"bulk-{secrets.token_hex(4)}",
                where=predicate(self.where),
                reason=self.reason,
                mode=self.mode,
                grace_seconds=self.grace_seconds,
                deadline_seconds=self.deadline_seconds,
                cascade=self.cascade,
                runs_per_second=self.runs_per_second,
                **common(),
            )
        except ValidationError as error:
            raise misused(error) from None


async def start(described: Description, *, as_json: bool) -> Exit:
    output = Output(as_json=as_json)
    request = described.request() if described.where else None
    session = await open_session()
    bulk_id = request.bulk_id if request is not None else described.bulk_id or ""
    async with Asker(session) as asker:
        starting = _Starting(bulk_id, described, asker, output)
        if request is None:
            code = await starting.start(await _count_of(session, bulk_id))
        else:
            code = await starting.describe(request)
    if as_json:
        output.document(starting.document | {"exit_code": int(code)})
    return code


async def _count_of(session: Session, bulk_id: str) -> int:
    """Of a draft; of one that is none the service says so when it is asked."""
    needs_extra("service", "transitions")
    from rescind.cli.bulk.finding import find_bulk

    return (await find_bulk(session, bulk_id)).meant or 0


class _Starting:
    """One bulk cancellation on its way from its description to its start, or its end."""

    def __init__(self, bulk_id: str, described: Description, asker: Asker, output: Output) -> None:
        self.document: dict[str, object] = {"bulk_id": bulk_id, "state": "Draft"}
        self._described = described
        self._asker = asker
        self._output = output
        self._bulk_id = bulk_id
        self._heard: deque[Entry] = deque()

    async def describe(self, request: BulkCreate) -> Exit:
        answer = await self._ask(request)
        code = self._told(answer)
        if answer.version is None:
            # Also if the id is in use already: what that one means was not asked here.
            return max(code, Exit.REFUSED)
        count = await self._counted(predicate_in_words(request.where))
        if self._described.dry_run:
            self._output.say(f"`rescind bulk start --id {self._bulk_id}` starts it.", "dim")
            return Exit.OK
        return await self.start(count)

    async def start(self, count: int) -> Exit:
        confirmed = await self._confirmed(count)
        if confirmed is False:
            await self._ask(BulkStop(bulk_id=self._bulk_id, **common()))
            self._output.show(f"{self._bulk_id} is left alone")
            return Exit.OK
        known = count if confirmed else None
        answer = await self._ask(
            BulkStart(bulk_id=self._bulk_id, confirmed_count=known, **common())
        )
        code = self._told(answer)
        if answer.version is None:
            return code
        self.document["state"] = "Running"
        self._output.show(f"{self._bulk_id} is started: {so_many(count, 'flow run')} to be asked")
        if self._described.wait:
            return await self._follow()
        self._output.say(f"`rescind bulk show {self._bulk_id}` says how far it is.", "dim")
        return Exit.OK

    async def _ask(self, request: BulkCreate | BulkStart | BulkStop) -> Entry:
        return await self._asker.ask(request, within_seconds=self._described.answer_seconds)

    def _told(self, answer: Entry) -> Exit:
        code, sentence = refusal(answer)
        if sentence:
            self.document["message"] = sentence
            self._output.complain(f"{self._bulk_id} {sentence}")
        return code

    async def _counted(self, what: str) -> int:
        seconds = self._described.answer_seconds
        try:
            async with asyncio.timeout(seconds):
                entry = await self._next(BulkCounted)
        except TimeoutError:
            # The agents count; without them it stays a draft, and is counted as soon as they run.
            counting = f"{self._bulk_id} (`rescind agents` count it)"
            raise NoAnswerError(counting, seconds) from None
        counted = entry.event
        assert isinstance(counted, BulkCounted)
        self.document |= {
            "state": "Draft.Counted",
            "count": counted.count,
            "samples": list(counted.samples),
        }
        self._output.show(f"{self._bulk_id} means {so_many(counted.count, 'flow run')}: {what}")
        for flow_run_id in counted.samples:
            self._output.show(f"  {plain(flow_run_id)}")
        if counted.count > len(counted.samples):
            self._output.show(f"  and {counted.count - len(counted.samples)} more")
        return counted.count

    async def _confirmed(self, count: int) -> bool | None:
        """Whether somebody has said yes, or no; None: nobody was asked."""
        if self._described.yes:
            return True
        if not self._output.is_a_person:
            return None
        return typer.confirm(f"Cancel {so_many(count, 'flow run')}?", err=True)

    async def _follow(self) -> Exit:
        while True:
            entry = await self._next(BulkProgressed, BulkCompleted, BulkStopped)
            event = entry.event
            if isinstance(event, BulkCompleted):
                self.document |= {"state": "Finished.Completed"}
                self.document |= event.tally.model_dump(mode="json")
                self._output.show(f"{self._bulk_id} is completed: {tally_in_words(event.tally)}")
                return Exit.OK
            if isinstance(event, BulkStopped):
                self.document["state"] = "Finished.Stopped"
                self._output.complain(f"{self._bulk_id} was {tell_bulk(event, entry.actor)}")
                return Exit.REFUSED
            if isinstance(event, BulkProgressed):
                self._output.say(f"{self._bulk_id}: {tell_bulk(event, entry.actor)}", "dim")

    async def _next(self, *kinds: type) -> Entry:
        """The next event of these kinds in its stream."""
        while True:
            while self._heard:
                entry = self._heard.popleft()
                of_it = entry.stream_kind is StreamKind.BULK and entry.stream_id == self._bulk_id
                if of_it and isinstance(entry.event, kinds):
                    return entry
            self._heard.extend(await self._asker.next_entries())
