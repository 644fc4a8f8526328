"""The page of one flow run: where it is, its timeline, and what becomes of its cancellation."""

import asyncio
import time
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from rescind.errors import JournalError
from rescind.events.journal import (
    CancellationAcknowledged,
    CancellationEscalated,
    CancellationSent,
    Entry,
)
from rescind.events.states import FlowState
from rescind.events.words import Actor
from rescind.server.access.asking import Since, reads_page
from rescind.server.api.means import Means
from rescind.server.api.subjects import FlowRunId, Subject, unknown
from rescind.server.readmodel.queries.answers import FlowRunDetails, JournalEvent
from rescind.server.readmodel.reading import ReadModel
from rescind.server.web.run.account import account_of
from rescind.server.web.run.drawing import (
    BARS_MAX,
    Drawing,
    Mark,
    draw,
    span_of_groups,
    span_of_task,
)
from rescind.server.web.run.ladder import ladder_of, steps_of
from rescind.server.web.shared.problems import PageRoute
from rescind.server.web.shared.rendering import page
from rescind.server.web.shared.words import ANSWERS, duration

__all__ = ["run_routes"]

_MARKED: Final = ("cancellation.sent.v1", "cancellation.acknowledged.v1",
                  "cancellation.escalated.v1")  # fmt: skip
_MARKS_MAX: Final = 1_000


def run_routes(means: Means) -> APIRouter:
    """The route, reading by these means."""
    router = APIRouter(
        route_class=PageRoute, include_in_schema=False, dependencies=[Depends(reads_page)]
    )
    model = means.model

    @router.get("/flow-runs/{flow_run_id}")
    async def show_flow_run(
        flow_run_id: FlowRunId, since: Since, answer: Annotated[str, Query(max_length=32)] = ""
    ) -> HTMLResponse:
        shown = await asyncio.to_thread(_look, model, flow_run_id, since)
        if shown is None:
            armed = await asyncio.to_thread(model.armed_for, flow_run_id)
            if armed is None:
                raise unknown(Subject(flow_run_id))
            return page("armed.html", place="runs", flow_run_id=flow_run_id, armed=armed)
        # Only of a run that is being cancelled: a link from elsewhere can claim nothing.
        said = {str(outcome): words for outcome, words in ANSWERS.items()}.get(answer)
        # Kept when the page is renewed, which may be at once, and before the cancel is known here.
        renewed = f"?answer={answer}" if said else ""
        if shown["run"].cancellation is None:
            said = None
        return page("run.html", place="runs", answer=said, renewed=renewed, **shown)

    return router


def _look(model: ReadModel, flow_run_id: str, since: int) -> dict[str, Any] | None:
    """All that the page shows, from a few questions; None: nobody knows it."""
    found = model.flow_run(flow_run_id)
    if found is None:
        return None
    now_ms = round(time.time() * 1000)
    run = found.row.state
    account = model.cancel_account(flow_run_id)
    events = (
        []
        if account is None
        else model.flow_events(flow_run_id, _MARKED, since=since, limit=_MARKS_MAX)
    )
    tasks = sum(group.count for group in found.groups)
    interrupts = found.interrupts
    return {
        "row": found.row,
        "run": run,
        "groups": found.groups,
        "tasks": tasks,
        "has_body": found.body_state is not None,
        "body_is_open": (found.body_state or "").startswith("Running"),
        "interrupts": interrupts,
        "family": model.children_of(flow_run_id) if account is None else account.family,
        "account": None if account is None else account_of(account, found.groups, interrupts),
        "cancellation": account,
        "asked_for": _asked_for(model, run),
        "ladder": None if account is None else ladder_of(account, now_ms),
        "steps": [] if account is None else list(steps_of(account)),
        "late": found.late,
        "drawing": _drawing(model, found, _marks(found, events), now_ms),
        "is_grouped": tasks > BARS_MAX,
    }


def _asked_for(model: ReadModel, run: FlowState) -> Actor | None:
    """Of one that a bulk cancellation has asked: the person who has started that."""
    if run.cancellation is None or run.cancellation.bulk_id is None:
        return None
    found = model.bulk_cancellation(run.cancellation.bulk_id)
    return None if found is None else found.bulk.started_by or found.bulk.actor


def _drawing(model: ReadModel, found: FlowRunDetails, marks: list[Mark], now_ms: int) -> Drawing:
    run = found.row.state
    if sum(group.count for group in found.groups) > BARS_MAX:
        spans = span_of_groups(found.groups, now_ms, found.interrupts)
    else:
        tasks = model.task_runs(run.flow_run_id, limit=BARS_MAX + 1).items
        late = {one.task_run_id: one.said.end for one in found.late.first}
        how = found.interrupts
        spans = [span_of_task(one, now_ms, how, late.get(one.task_run_id)) for one in tasks]
    until = run.finished_at if run.finished_at is not None else now_ms
    return draw(spans, marks, run.registered_at, until)


def _marks(found: FlowRunDetails, events: list[JournalEvent]) -> list[Mark]:
    """When it was asked, when the first runner was told and the last one knew, when it was over."""
    run = found.row.state
    cancellation = run.cancellation
    if cancellation is None:
        return []
    asked = cancellation.asked_at
    marks = [Mark("cancel asked", "asked", asked)]
    of_each: dict[str, list[int]] = {"told": [], "acknowledged": [], "aborted": []}
    for event in events:
        kind = _kind(event, cancellation.cancellation_id)
        if kind is not None:
            of_each[kind].append(event.at_ms)
    for kind, when in of_each.items():
        if when:
            at_ms = when[0] if kind != "acknowledged" else when[-1]
            marks.append(Mark(f"{kind} +{duration(at_ms - asked)}", kind, at_ms))
    if run.finished_at is not None:
        said = f"over +{duration(run.finished_at - asked)}"
        marks.append(Mark(said, "over", run.finished_at))
    return marks


def _kind(event: JournalEvent, cancellation_id: str) -> str | None:
    try:
        said = Entry.from_json(event.value or b"").event
    except JournalError:
        # A newer release's: it is in the journal, as it is, for whoever wants it.
        return None
    match said:
        case CancellationSent(cancellation_id=its) if its == cancellation_id:
            return "told"
        case CancellationAcknowledged(cancellation_id=its, last=True) if its == cancellation_id:
            return "acknowledged"
        case CancellationEscalated(cancellation_id=its) if its == cancellation_id:
            return "aborted"
        case _:
            return None
