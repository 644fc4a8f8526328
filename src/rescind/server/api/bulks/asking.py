"""`BulkAsks`: what is asked about a bulk cancellation, by Kafka, and answered by the journal."""

import asyncio
import hashlib
import secrets
from functools import partial
from typing import Any, Final, NamedTuple

from rescind.asking.line import new_request_id
from rescind.errors import ReadModelError
from rescind.events.journal import Entry, RequestRefused
from rescind.events.refusals import Code
from rescind.events.requests import BulkCreate, BulkPause, BulkResume, BulkStart, BulkStop
from rescind.server.access.viewer import Viewer
from rescind.server.api.bulks.shown import show
from rescind.server.api.bulks.words import BulkAnswer, BulkOutcome, CreateBulk
from rescind.server.api.cancels.keys import Repeats, request_id_of, used_otherwise
from rescind.server.api.cancels.known import look_until
from rescind.server.api.means import Means
from rescind.server.api.problems import Kind, ProblemError
from rescind.server.readmodel.queries.answers import BulkRow

__all__ = ["BulkAnswered", "BulkAsks"]

_Request = BulkCreate | BulkStart | BulkPause | BulkResume | BulkStop

_SENTENCES: Final[dict[BulkOutcome, str]] = {
    "created": "is created, and cancels nothing before it is started",
    "started": "is started",
    "paused": "is paused; what was asked goes on",
    "resumed": "is resumed, and goes on where it was",
    "stopped": "is stopped; what was asked goes on",
    "accepted": "is asked for this; the service has not answered yet",
}

_REFUSALS: Final = {
    Code.UNKNOWN_BULK: Kind.UNKNOWN_BULK,
    Code.CONFIRMATION_NEEDED: Kind.CONFIRMATION,
    Code.ALREADY_FINISHED: Kind.FINISHED,
    Code.NOT_ALLOWED: Kind.NOT_ALLOWED,
    Code.UNREADABLE: Kind.INVALID,
    Code.INTERNAL_ERROR: Kind.BUG,
}

_REMEDIES: Final = {
    Code.CONFIRMATION_NEEDED: "If so many are meant, send it again with `confirmed_count`.",
    Code.ALREADY_FINISHED: "Nothing is left to do; create another one for what is there now.",
}


class BulkAnswered(NamedTuple):
    """The status of an answer, and what it says."""

    status: int
    answer: BulkAnswer


class BulkAsks:
    """One for the whole server: it knows who asks twice."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._repeats = Repeats[str, BulkAnswered](lambda it: it.answer.outcome != "accepted")

    async def create(self, wanted: CreateBulk, by: Viewer, key: str | None) -> BulkAnswered:
        """A draft. Under the same key the same is created once, whichever server is asked.

        Raises `ProblemError` if it means more than they may cancel, if something else was asked
        under its key, or if Kafka is away.
        """
        if not by.sees_all(wanted.where.namespaces):
            meant = ", ".join(wanted.where.namespaces) or "every one"
            raise ProblemError(
                Kind.NOT_ALLOWED,
                f"expected namespaces out of {', '.join(by.namespaces or ())}, which your token is "
                f"good for, but got {meant}",
            )
        if key is None:
            return await self._ask(_creation(wanted, by, secrets.token_hex(8)), "created")
        # Its id follows from the key and whose that is: the service itself knows it again.
        said = f"{by.token_id} {key}".encode()
        request = _creation(wanted, by, hashlib.sha256(said).hexdigest()[:16])
        request = request.model_copy(update={"request_id": request_id_of(key, wanted, by)})
        ask = partial(self._create_unless_there, request)
        return await self._repeats.once(request.bulk_id, request.request_id or "", ask)

    async def start(self, bulk_id: str, confirmed_count: int | None, by: Viewer) -> BulkAnswered:
        """Raises `ProblemError` if it is not started."""
        common = _common(bulk_id, by)
        return await self._ask(BulkStart(confirmed_count=confirmed_count, **common), "started")

    async def pause(self, bulk_id: str, by: Viewer) -> BulkAnswered:
        """Raises `ProblemError` if it cannot be."""
        return await self._ask(BulkPause(**_common(bulk_id, by)), "paused")

    async def resume(self, bulk_id: str, by: Viewer) -> BulkAnswered:
        """Raises `ProblemError` if it cannot be."""
        return await self._ask(BulkResume(**_common(bulk_id, by)), "resumed")

    async def stop(self, bulk_id: str, by: Viewer) -> BulkAnswered:
        """Raises `ProblemError` if it cannot be."""
        return await self._ask(BulkStop(**_common(bulk_id, by)), "stopped")

    async def _create_unless_there(self, request: BulkCreate) -> BulkAnswered:
        try:
            known = await asyncio.to_thread(self._known, request.bulk_id)
        except ReadModelError:
            # Asked again it changes nothing: the service knows the id as well.
            known = None
        if known is not None:
            return self._created_before(request, known)
        return await self._ask(request, "created")

    def _created_before(self, request: BulkCreate, row: BulkRow) -> BulkAnswered:
        known = row.bulk
        terms = CreateBulk.model_fields
        if any(getattr(known, name) != getattr(request, name) for name in terms):
            raise used_otherwise()
        return self._answered(request, "created", row)

    async def _ask(self, request: _Request, outcome: BulkOutcome) -> BulkAnswered:
        entry = await self._means.ask(request)
        if entry is None:
            return self._answered(request, "accepted", None)
        refused = entry.event
        if not isinstance(refused, RequestRefused):
            return self._answered(request, outcome, await self._shows(request, entry.version))
        if refused.code is Code.UNKNOWN_BULK:
            raise _refusal(entry, refused, None)
        row = await self._shows(request, 1)
        is_there = refused.code in {Code.DUPLICATE, Code.ALREADY_FINISHED}
        if is_there and isinstance(request, BulkCreate):
            if row is None:
                return self._answered(request, "accepted", None)
            return self._created_before(request, row)
        if refused.code is Code.DUPLICATE:
            return self._answered(request, "unchanged", row, f"is so already: {refused.message}")
        raise _refusal(entry, refused, row)

    async def _shows(self, request: _Request, version: int | None) -> BulkRow | None:
        """It, when the read model has come to this version of it."""
        return await look_until(
            lambda: self._known(request.bulk_id),
            lambda row: row is not None and row.bulk.version >= (version or 0),
        )

    def _known(self, bulk_id: str) -> BulkRow | None:
        row = self._means.model.bulk_cancellation(bulk_id)
        return None if row is None or row.forgotten_at_ms is not None else row

    def _answered(
        self, request: _Request, outcome: BulkOutcome, row: BulkRow | None, sentence: str = ""
    ) -> BulkAnswered:
        sentence = sentence or _SENTENCES[outcome]
        if outcome == "started" and row is not None:
            many = "flow run is" if row.bulk.meant == 1 else "flow runs are"
            sentence += f": {row.bulk.meant} {many} to be asked"
        most = self._means.policy.bulk_unconfirmed_max
        answer = BulkAnswer(
            outcome=outcome,
            message=f"bulk cancellation {request.bulk_id!r} {sentence}",
            bulk_id=request.bulk_id,
            request_id=request.request_id or "",
            bulk_cancellation=None if row is None else show(row, most),
        )
        status = {"created": 201, "accepted": 202}.get(outcome, 200)
        return BulkAnswered(status, answer)


def _creation(wanted: CreateBulk, by: Viewer, name: str) -> BulkCreate:
    return BulkCreate(**_common(f"bulk-{name}", by), **wanted.terms())


def _common(bulk_id: str, by: Viewer) -> dict[str, Any]:
    return {"bulk_id": bulk_id, "actor": by.actor, "request_id": new_request_id("http")}


def _refusal(entry: Entry, refused: RequestRefused, row: BulkRow | None) -> ProblemError:
    bulk = None if row is None else row.bulk
    return ProblemError(
        _REFUSALS.get(refused.code, Kind.REFUSED),
        refused.message,
        code=refused.code.value,
        state=None if bulk is None else bulk.state,
        count=None if bulk is None else bulk.meant,
        remedy=_REMEDIES.get(refused.code, refused.code.remedy),
        request_id=entry.request_id,
    )
