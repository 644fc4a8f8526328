"""What a runner tells of a flow run beside its ends: rungs taken, clean-up, an executor's trouble.

None of it is asked for or answered; it is how a stuck run explains itself later.
"""

from collections.abc import Iterable
from typing import Literal

from pydantic import JsonValue

from rescind.events.requests import Step
from rescind.events.words import clipped
from rescind.runners.client.hearing.intents import CancelFlow
from rescind.runners.client.living.tools import Tools, fields
from rescind.runners.client.sending.outbox import Head
from rescind.runners.client.sending.reported import Reported
from rescind.runners.client.sending.saying import head_of, trace_fields
from rescind.runners.client.tracing import Stops

__all__ = ["Story"]


class Story:
    """The part of `Run` that only tells."""

    def __init__(self, flow_run_id: str, runner_id: str, tools: Tools) -> None:
        self.flow_run_id = flow_run_id
        self.cancellation: CancelFlow | None = None
        self._stops = Stops()
        self._runner_id = runner_id
        self._tools = tools

    def stopping(self, steps: Iterable[Step], cancellation_id: str | None = None) -> Reported:
        """Report rungs of the ladder that were taken, at least one."""
        steps = list(steps)
        for step in steps:
            self._stops.climbed(step)
        known = cancellation_id or (self.cancellation and self.cancellation.cancellation_id)
        head = self._head("task.stopping", **({"cancellation_id": known} if known else {}))
        placed = [
            self._tools.stop_lane.put_item(
                head, step.model_dump_json(exclude_defaults=True).encode()
            )
            for step in steps
        ]
        return Reported(placed[-1].sent)

    def cleanup(
        self,
        task_run_id: str,
        outcome: Literal["started", "done", "failed", "timed_out"],
        *,
        attempt: int = 1,
        after_ms: int = 0,
        message: str = "",
    ) -> Reported:
        """Report what became of a clean-up step; it belongs before the end of its attempt."""
        return self._report(
            "task.cleanup",
            task_run_id=task_run_id,
            attempt=attempt,
            outcome=outcome,
            after_ms=after_ms,
            message=clipped(message),
        )

    def executor_report(
        self, outcome: Literal["failed", "warning"], message: str, *, executor: str = ""
    ) -> Reported:
        """Report that the executor failed at something, or warns of what it cannot do."""
        return self._report(
            "executor.report", outcome=outcome, message=clipped(message), executor=executor
        )

    def _report(self, kind: str, **said: JsonValue) -> Reported:
        return Reported(self._tools.stop_lane.put(self._head(kind), fields(said)).sent)

    def _head(self, kind: str, **more: str) -> Head:
        if self.cancellation is not None:
            more |= trace_fields(self.cancellation.traceparent)
        return head_of(kind, self._tools, self._runner_id, self.flow_run_id, **more)
