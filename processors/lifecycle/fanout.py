"""Fan-out: what each runner is told, from what has just been decided.

One record per runner and transaction, so a grant and an intent to the same runner can never
overtake each other (more, in their order, only when one would be too large for its topic). It
costs a record for each runner that holds work, however many task runs that is: the intent says
"stop all you hold of this flow run".
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import orjson

from rescind.events.intents import Inbox
from rescind.events.journal import (
    CancellationSent,
    Entry,
    FlowBodyFinished,
    FlowFailed,
    FlowSucceeded,
    InfrastructureTeardown,
    RequestRefused,
    RunnerLostRecorded,
    TaskStarted,
)
from rescind.events.refusals import Code
from rescind.events.requests import (
    AnyRequest,
    FlowRegister,
    FlowStart,
    RunnerForget,
    RunnerRegister,
    TaskFinish,
    TaskRegister,
    TaskStart,
    Unreadable,
)
from rescind.events.words import moment_to_text
from rescind.statemachine.draft import Draft
from rescind.statemachine.policy import Policy
from rescind.statemachine.runs import Cancellation
from rescind.tracing.traceparent import known

__all__ = ["Fanout"]

# Their runner waits for an answer. An accepted end needs none: the broker's acknowledgement
# is enough for a report to be safe.
_ANSWERED: Final = frozenset({RunnerRegister, FlowRegister, FlowStart, TaskRegister})

_ENDS = (FlowSucceeded, FlowFailed, FlowBodyFinished)

VALUE_BYTES_MAX = 512 << 10
# A runner that is told of an end and of a beginning reads of the beginning first.
_IN_ORDER = (
    "grants",
    "refusals",
    "accepted",
    "cancel_flow",
    "cancel_task",
    "stop_infrastructure",
)


class Fanout:
    """Collects, during one transaction, what each runner is told.

    `below` gives for a traceparent the one that is told of it.
    """

    def __init__(
        self,
        draft: Draft,
        policy: Policy,
        below: Callable[[str | None], str | None] = lambda carried: carried,
    ) -> None:
        self._draft = draft
        self._policy = policy
        self._below = below
        self._inboxes: dict[str, dict[str, list[dict[str, Any]]]] = {}
        self._lost: dict[str, str] = {}

    def answer(self, request: AnyRequest | Unreadable, outcome: list[Entry]) -> None:
        """Tell the runner that asked what came of it."""
        runner_id = getattr(request, "runner_id", None)
        if isinstance(request, Unreadable | RunnerForget) or runner_id is None:
            return
        accepted = False
        for entry in outcome:
            event = entry.event
            if isinstance(event, TaskStarted):
                self._grant(runner_id, entry, event.valid_seconds)
            elif not isinstance(event, RequestRefused):
                accepted = True
            elif _is_granted_already(request, entry, event):
                # Its owner asks again, since it has not seen the grant: the same grant, again.
                self._grant_again(runner_id, entry)
                accepted = True
            else:
                self._refused(runner_id, entry, event)
        if accepted and (
            type(request) in _ANSWERED or _waits(request) or _ends_a_flow_run(outcome)
        ):
            self._tell(
                runner_id,
                "accepted",
                {"request_id": outcome[0].request_id, "flow_run_id": _flow_of(outcome[0])},
            )

    def follow(self, entry: Entry) -> None:
        """Tell runners what follows from an event, whoever caused it."""
        event = entry.event
        if isinstance(event, CancellationSent):
            if entry.task_run_id is None:
                self._cancel_flow(entry.stream_id, event.runner_ids)
            else:
                self._cancel_task(entry.stream_id, entry.task_run_id, event.runner_ids)
        elif isinstance(event, InfrastructureTeardown):
            self._tear_down(entry.stream_id, event, entry.traceparent)
        elif isinstance(event, RunnerLostRecorded):
            self._lost[entry.stream_id] = event.reason

    def records(self) -> Iterator[tuple[str, bytes]]:
        """Each runner's id with the value of its inbox record; several of the same in order."""
        for runner_id in self._lost:
            self._inboxes.setdefault(runner_id, {})
        for runner_id, told in self._inboxes.items():
            value = self._value(runner_id, told, is_last=True)
            if len(value) <= VALUE_BYTES_MAX:
                yield runner_id, value
            else:
                yield from self._parts(runner_id, told)

    def _parts(
        self, runner_id: str, told: dict[str, list[dict[str, Any]]]
    ) -> Iterator[tuple[str, bytes]]:
        part: dict[str, list[dict[str, Any]]] = {}
        size = 0
        for what in _IN_ORDER:
            for said in told.get(what, ()):
                size += len(orjson.dumps(said))
                if part and size > VALUE_BYTES_MAX:
                    yield runner_id, self._value(runner_id, part, is_last=False)
                    part, size = {}, len(orjson.dumps(said))
                part.setdefault(what, []).append(said)
        yield runner_id, self._value(runner_id, part, is_last=True)

    def _value(
        self, runner_id: str, told: dict[str, list[dict[str, Any]]], *, is_last: bool
    ) -> bytes:
        body: dict[str, Any] = {"type": Inbox.type, "runner_id": runner_id, **told}
        if is_last and runner_id in self._lost:
            body["lost"] = {"reason": self._lost[runner_id]}
        return orjson.dumps(body)

    def _tell(self, runner_id: str, what: str, said: dict[str, Any]) -> None:
        told = self._inboxes.setdefault(runner_id, {}).setdefault(what, [])
        told.append({key: value for key, value in said.items() if value is not None})

    def _grant(self, runner_id: str, entry: Entry, valid_seconds: float) -> None:
        grants = self._inboxes.setdefault(runner_id, {}).setdefault("grants", [])
        grant: dict[str, Any] = {
            "flow_run_id": entry.stream_id,
            "task_run_id": entry.task_run_id,
            "attempt": entry.attempt,
            "valid_seconds": valid_seconds,
        }
        if ancestors := self._ancestors(entry):
            grant["ancestors"] = ancestors
        grants.append(grant)

    def _ancestors(self, entry: Entry) -> tuple[str, ...]:
        """What a child has to name beside its parent; most grants are not of children."""
        flow = self._draft.flow(entry.stream_id)
        if flow is None or not flow.children or flow.parent is None:
            return ()
        task = self._draft.task(entry.stream_id, entry.task_run_id or "")
        return () if task is None or task.child is None else flow.parent.chain

    def _refused(self, runner_id: str, entry: Entry, refused: RequestRefused) -> None:
        flow_run_id = _flow_of(entry)
        self._tell(
            runner_id,
            "refusals",
            {
                "request_id": entry.request_id,
                "flow_run_id": flow_run_id,
                "task_run_id": entry.task_run_id,
                "item": refused.item,
                "code": refused.code.value,
                "message": refused.message,
                "first": refused.first,
            },
        )
        if refused.code is Code.CANCELLING and flow_run_id is not None:
            # A runner that has missed the intent learns of it by this answer.
            self._cancel(flow_run_id, entry.task_run_id, runner_id)
        elif refused.code is Code.RUNNER_LOST:
            self._lost[runner_id] = refused.message

    def _grant_again(self, runner_id: str, entry: Entry) -> None:
        task = self._draft.task(entry.stream_id, entry.task_run_id or "")
        if task is not None:
            valid = self._policy.grant_valid_seconds
            self._grant(runner_id, entry._replace(attempt=task.attempt), valid)

    def _cancel(self, flow_run_id: str, task_run_id: str | None, runner_id: str) -> None:
        """Tell why a start was refused: the flow run is cancelling, or this attempt alone."""
        flow = self._draft.flow(flow_run_id)
        if flow is not None and flow.cancellation is not None:
            self._cancel_flow(flow_run_id, (runner_id,))
        elif task_run_id is not None:
            self._cancel_task(flow_run_id, task_run_id, (runner_id,))

    def _cancel_flow(self, flow_run_id: str, runner_ids: tuple[str, ...]) -> None:
        flow = self._draft.flow(flow_run_id)
        if flow is None or flow.cancellation is None:
            return
        intent = {"flow_run_id": flow_run_id, **self._terms(flow.cancellation)}
        for runner_id in runner_ids:
            told = self._inboxes.setdefault(runner_id, {}).setdefault("cancel_flow", [])
            if intent not in told:
                told.append(intent)

    def _cancel_task(self, flow_run_id: str, task_run_id: str, runner_ids: tuple[str, ...]) -> None:
        task = self._draft.task(flow_run_id, task_run_id)
        if task is None or task.cancellation is None:
            return
        intent = {
            "flow_run_id": flow_run_id,
            "task_run_id": task_run_id,
            "attempt": task.attempt,
            **self._terms(task.cancellation),
        }
        for runner_id in runner_ids:
            self._tell(runner_id, "cancel_task", intent)

    def _tear_down(
        self, flow_run_id: str, event: InfrastructureTeardown, traceparent: str | None
    ) -> None:
        if event.outcome != "asked" or event.runner_id is None:
            return
        intent = {
            "flow_run_id": flow_run_id,
            "target_runner_id": event.target_runner_id,
            "handle": event.handle.model_dump(mode="json", exclude_none=True),
            "cancellation_id": event.cancellation_id,
            "grace_seconds": event.grace_seconds,
            "traceparent": known(self._below(traceparent)),
        }
        self._tell(event.runner_id, "stop_infrastructure", intent)

    def _terms(self, cancellation: Cancellation) -> dict[str, Any]:
        terms: dict[str, Any] = {
            "cancellation_id": cancellation.id,
            "mode": cancellation.mode.value,
            "grace_seconds": cancellation.grace_seconds,
            "deadline_at": moment_to_text(cancellation.deadline_ms),
            "reason": cancellation.reason,
        }
        if cancellation.actor is not None:
            terms["actor"] = dict(cancellation.actor)
        # A state may have one that an earlier build has let in.
        if (traceparent := known(self._below(cancellation.traceparent))) is not None:
            terms["traceparent"] = traceparent
        return terms


def _flow_of(entry: Entry) -> str | None:
    return entry.stream_id if entry.stream_kind == "flow_run_id" else None


def _is_granted_already(request: AnyRequest, entry: Entry, refused: RequestRefused) -> bool:
    """Whether this refuses a start of an attempt that the asking runner holds."""
    return (
        refused.code is Code.DUPLICATE
        and isinstance(request, FlowStart | TaskStart)
        and entry.task_run_id is not None
    )


def _waits(request: AnyRequest) -> bool:
    # Before it asks for the next attempt, a runner waits until the end of this one is known.
    return isinstance(request, TaskFinish) and any(
        item.retry_at is not None for item in request.items
    )


def _ends_a_flow_run(outcome: list[Entry]) -> bool:
    # The last thing that a flow runner waits for before it goes.
    return any(entry.task_run_id is None and isinstance(entry.event, _ENDS) for entry in outcome)
