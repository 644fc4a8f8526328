"""What a runner says of a cancellation: that it knows, what it holds, what became of a teardown.

All of it goes behind the reports that were made before it, in the same queue: what an
acknowledgement does not name has by then been reported, or is really not held.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

from pydantic import JsonValue

from rescind.events import intents as wire
from rescind.events.refusals import Code
from rescind.events.requests import ITEMS_MAX
from rescind.events.words import clipped
from rescind.runners.client.hearing.answers import Grant
from rescind.runners.client.hearing.intents import (
    AttemptRef,
    CancelFlow,
    CancelTask,
    StopInfrastructure,
)
from rescind.runners.client.living.tools import Tools, fields
from rescind.runners.client.sending.outbox import Head, new_id
from rescind.runners.client.sending.reported import Reported
from rescind.tracing.messaging import to_carry

__all__ = [
    "Attempt",
    "acknowledge",
    "ask_cancel",
    "attempt_of",
    "head_of",
    "is_no_news",
    "report_teardown",
    "trace_fields",
]

_CANCEL: Final = "cancel/"
_DONE_ANYWAY: Final = frozenset({Code.ALREADY_CANCELLING, Code.ALREADY_FINISHED})

Attempt = tuple[str, int]
"""A task run's id and the attempt's number."""


def attempt_of(ref: AttemptRef, held: Iterable[Attempt]) -> Attempt:
    """Which attempt is meant; an id alone means the attempt of it that is held, else the first."""
    match ref:
        case Grant():
            return ref.task_run_id, ref.attempt
        case str():
            return next((attempt for attempt in held if attempt[0] == ref), (ref, 1))
        case _:
            return ref


def acknowledge(
    tools: Tools,
    runner_id: str,
    intent: CancelFlow | CancelTask,
    held: Sequence[Attempt],
    cannot_stop: set[Attempt],
    *,
    more: bool = False,
) -> Reported:
    """Send what is held in chunks of 500, the final one with ``last`` if no `more` will come."""
    traced = trace_fields(intent.traceparent)
    head = head_of("cancellation.acknowledge", tools, runner_id, intent.flow_run_id, **traced)
    firsts = range(0, len(held) or 1, ITEMS_MAX)
    placed = [
        tools.stop_lane.put(
            head,
            fields(
                {
                    "cancellation_id": intent.cancellation_id,
                    "chunk": number,
                    "last": number == len(firsts) - 1 and not more,
                    "held": [
                        {
                            "task_run_id": attempt[0],
                            "attempt": attempt[1],
                            "can_stop": attempt not in cannot_stop,
                        }
                        for attempt in held[first : first + ITEMS_MAX]
                    ],
                }
            ),
        )
        for number, first in enumerate(firsts)
    ]
    return Reported(placed[-1].sent)


def ask_cancel(
    tools: Tools, runner_id: str, flow_run_id: str, said: Mapping[str, JsonValue]
) -> Reported:
    """Send a cancel. A refusal names nothing but the request's id, so that says what was asked."""
    head = head_of("flow.cancel", tools, runner_id, flow_run_id, **trace_fields(to_carry()))
    placed = tools.stop_lane.put(head, fields(said), f"{_CANCEL}{new_id()}")
    return Reported(placed.sent)


def is_no_news(refusal: wire.Refusal) -> bool:
    """Whether a refusal that nobody waits for says only that what was asked is so already."""
    if refusal.code is Code.DUPLICATE:
        return True
    return refusal.request_id.startswith(_CANCEL) and refusal.code in _DONE_ANYWAY


def report_teardown(
    tools: Tools,
    runner_id: str,
    intent: StopInfrastructure,
    outcome: Literal["started", "done", "failed"],
    code: str,
    message: str,
    evidence: dict[str, JsonValue] | None,
) -> Reported:
    """Send what became of a teardown."""
    said: dict[str, JsonValue] = {
        "target_runner_id": intent.target_runner_id,
        "outcome": outcome,
        "code": code,
        "message": clipped(message),
        "handle": intent.handle.model_dump(mode="json", exclude_none=True),
        "evidence": evidence or {},
    }
    if intent.cancellation_id is not None:
        said["cancellation_id"] = intent.cancellation_id
    traced = trace_fields(intent.traceparent)
    head = head_of("infrastructure.report", tools, runner_id, intent.flow_run_id, **traced)
    return Reported(tools.stop_lane.put(head, fields(said)).sent)


def head_of(kind: str, tools: Tools, runner_id: str, flow_run_id: str, **more: str) -> Head:
    """What the requests of this runner about this flow run have in common."""
    common = {"flow_run_id": flow_run_id, "runner_id": runner_id, **more}
    return Head(kind, flow_run_id, tools.partition_of(flow_run_id), common)


def trace_fields(traceparent: str | None) -> dict[str, str]:
    """What a request of this trace says of it; one of none says nothing."""
    return {} if traceparent is None else {"traceparent": traceparent}
