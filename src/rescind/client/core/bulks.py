"""`BulkCore`: what each method about bulk cancellations does, still to be carried out."""

import json
import secrets
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, TypeAlias

from pydantic import ValidationError

from rescind.client.answers import (
    BulkAnswer,
    BulkCancellation,
    BulkItem,
    BulkWhere,
    PageOf,
)
from rescind.client.core.address import path_of
from rescind.client.core.calls import Doing
from rescind.client.core.core import PageAt
from rescind.client.core.operations import CascadeWord, ModeWord, got, page_at, posted
from rescind.client.core.pace import Operation, Pace, ask
from rescind.client.core.waiting import answered, until
from rescind.errors import BulkNotFoundError, BulkNotThereError, CallError

__all__ = ["BulkCore", "Step", "Where"]

Where: TypeAlias = BulkWhere | Mapping[str, Any]
"""As `BulkWhere`, or the same as a mapping: ``{"labels": {"team": "etl"}}``."""

Step: TypeAlias = Literal["start", "pause", "resume", "stop"]

_ALL: Final = "/bulk-cancellations"
_ONE: Final = f"{_ALL}/{{bulk_id}}"


class BulkCore:
    """Of one client, with its patience."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def create(
        self,
        where: Where,
        *,
        reason: str,
        mode: ModeWord | None,
        grace_seconds: float | None,
        deadline_seconds: float | None,
        cascade: CascadeWord | None,
        runs_per_second: float | None,
        idempotency_key: str | None,
        answer_seconds: float,
    ) -> Doing[BulkAnswer]:
        wanted: Mapping[str, Any] = {
            "where": _said(where),
            "reason": reason or None,
            "mode": mode,
            "grace_seconds": grace_seconds,
            "deadline_seconds": deadline_seconds,
            "cascade": cascade,
            "runs_per_second": runs_per_second,
        }
        # One for each call: what is sent again has the same, and so is done once.
        key = f"client-{secrets.token_hex(12)}" if idempotency_key is None else idempotency_key
        operation = posted(path_of(_ALL), BulkAnswer, wanted, key)
        return answered(operation, self._pace, answer_seconds)

    def step(
        self, step: Step, bulk_id: str, answer_seconds: float, confirmed_count: int | None = None
    ) -> Doing[BulkAnswer]:
        # Asked again it changes nothing: what is so already is answered as such.
        wanted = {} if step != "start" else {"confirmed_count": confirmed_count}
        operation = posted(path_of(_ONE, f"/{step}", bulk_id=bulk_id), BulkAnswer, wanted)
        return answered(operation, self._pace, answer_seconds)

    def show(self, bulk_id: str) -> Doing[BulkCancellation]:
        return ask(_show(bulk_id), self._pace)

    def list(self, state: str | Iterable[str], page_size: int) -> PageAt[BulkCancellation]:
        query = {"state": state if isinstance(state, str) else tuple(state)}

        def page(cursor: str | None) -> Operation[PageOf[BulkCancellation]]:
            asked = {**query, **page_at(page_size, cursor)}
            return got(path_of(_ALL), PageOf[BulkCancellation], asked)

        page(None)
        return lambda cursor: ask(page(cursor), self._pace)

    def items(self, bulk_id: str, outcome: str | None, page_size: int) -> PageAt[BulkItem]:
        def page(cursor: str | None) -> Operation[PageOf[BulkItem]]:
            asked = {"outcome": outcome, **page_at(page_size, cursor)}
            return got(path_of(_ONE, "/items", bulk_id=bulk_id), PageOf[BulkItem], asked)

        page(None)
        return lambda cursor: ask(page(cursor), self._pace)

    def counted(self, bulk_id: str, timeout_seconds: float | None) -> Doing[BulkCancellation]:
        def is_counted(bulk: BulkCancellation) -> bool:
            return bulk.count is not None or bulk.is_finished

        return until(
            _show(bulk_id),
            self._pace,
            timeout_seconds,
            is_counted,
            BulkNotFoundError,
            lambda seconds, seen: _late(bulk_id, "counted", seconds, seen),
        )

    def finished(self, bulk_id: str, timeout_seconds: float | None) -> Doing[BulkCancellation]:
        return until(
            _show(bulk_id),
            self._pace,
            timeout_seconds,
            lambda bulk: bulk.is_finished,
            BulkNotFoundError,
            lambda seconds, seen: _late(bulk_id, "finished", seconds, seen),
        )


def _show(bulk_id: str) -> Operation[BulkCancellation]:
    return got(path_of(_ONE, bulk_id=bulk_id), BulkCancellation)


def _late(
    bulk_id: str, wanted: str, seconds: float, seen: BulkCancellation | None
) -> BulkNotThereError:
    return BulkNotThereError(bulk_id, wanted, seconds, None if seen is None else seen.state)


def _said(where: Where) -> dict[str, Any]:
    """Checked here for what the server would not take for a predicate at all."""
    if isinstance(where, BulkWhere):
        return where.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    try:
        BulkWhere.model_validate(where)
        said: dict[str, Any] = json.loads(json.dumps(dict(where)))
    except (ValidationError, TypeError, ValueError) as error:
        expected = "labels, names, namespaces, states, parent, as BulkWhere has them"
        raise CallError("where", expected, str(error).splitlines()[0]) from None
    return said
