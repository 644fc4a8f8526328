"""Which flow runs `ls` shows: by what they are, when they began, and whether they are stuck.

And which states there are to ask for, of flow runs and of what `show` and `bulk ls` list.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import typer

from rescind.events.states import FlowState

__all__ = [
    "BULK_STATES",
    "FLOW_STATES",
    "STUCK_AFTER_MS",
    "TASK_STATES",
    "Wanted",
    "check_states",
    "is_stuck",
    "matches_state",
]

FLOW_STATES: Final = (
    "Pending",
    "Running",
    "Running.Cancelling",
    "Finished",
    "Finished.Success",
    "Finished.Failed",
    "Finished.Failed.Crashed",
    "Finished.Failed.TimedOut",
    "Finished.Cancelled",
)
"""The machine's. It is not asked, because it is in the service: who only looks needs none."""

TASK_STATES: Final = ("Pending", "Pending.Retrying", *FLOW_STATES[1:])
"""The same of task runs."""

BULK_STATES: Final = (
    "Draft",
    "Draft.Counted",
    "Running",
    "Paused",
    "Finished",
    "Finished.Completed",
    "Finished.Stopped",
)
"""The same of bulk cancellations."""

STUCK_AFTER_MS: Final = 5_000
"""A deadline strikes within a moment; one that is over by this much did not."""


def is_stuck(flow: FlowState, now_ms: int) -> bool:
    """Whether a cancellation has not ended by its deadline, or the run is quarantined.

    Past the deadline only what nobody can stop is waited for: somebody may want to know.
    """
    begun = flow.cancellation
    late = begun is not None and now_ms > begun.deadline_at + STUCK_AFTER_MS
    return (flow.is_cancelling and late) or (flow.quarantined and not flow.is_finished)


def matches_state(state: str, wanted: str) -> bool:
    """Whether a state is the wanted one or lies in it: ``running``, ``Finished.Cancelled``.

    The last word of a path is enough: ``cancelling`` is ``Running.Cancelling``.
    """
    path, asked = state.lower().split("."), wanted.lower().split(".")
    return any(path[start : start + len(asked)] == asked for start in range(len(path)))


def check_states(wanted: Iterable[str], states: Sequence[str]) -> None:
    """Raises `typer.BadParameter` for one that is none of these and lies in none."""
    for name in wanted:
        if not any(matches_state(state, name) for state in states):
            known = ", ".join(state.lower() for state in states)
            raise typer.BadParameter(f"expected --state to be one of {known}, but got {name!r}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; what is empty is not asked.

    Attributes:
        text: a part of the name or of the id, in capitals or not.
        since_ms, before_ms: when it was registered, from the one to before the other.
        unconfirmed: the flow runs with a task run that nobody has seen stop; None: not asked.

    """

    states: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    name: str | None = None
    namespace: str | None = None
    parent: str | None = None
    text: str = ""
    since_ms: int | None = None
    before_ms: int | None = None
    stuck: bool = False
    unconfirmed: Collection[str] | None = None

    def check(self) -> None:
        """Raises `typer.BadParameter` if no flow run can ever be as is asked."""
        check_states(self.states, FLOW_STATES)
        since_ms, before_ms = self.since_ms, self.before_ms
        if since_ms is not None and before_ms is not None and since_ms >= before_ms:
            raise typer.BadParameter("expected --since to be before --until, but it is not")

    def choose(self, flows: Iterable[FlowState], now_ms: int) -> list[FlowState]:
        """The flow runs that have all of it, the latest first."""
        chosen = [flow for flow in flows if self.fits(flow, now_ms)]
        return sorted(chosen, key=lambda flow: (-flow.registered_at, flow.flow_run_id))

    def fits(self, flow: FlowState, now_ms: int) -> bool:
        """Whether it has all of it."""
        return (
            (not self.states or any(matches_state(flow.state, name) for name in self.states))
            and all(flow.labels.get(key) == value for key, value in self.labels.items())
            and self.name in {None, flow.name}
            and self.namespace in {None, flow.namespace}
            and (self.parent is None or _parent(flow) == self.parent)
            and self._has_text(flow)
            and (self.since_ms is None or flow.registered_at >= self.since_ms)
            and (self.before_ms is None or flow.registered_at < self.before_ms)
            and (not self.stuck or is_stuck(flow, now_ms))
            and (self.unconfirmed is None or self._is_unconfirmed(flow))
        )

    def _has_text(self, flow: FlowState) -> bool:
        text = self.text.lower()
        return not text or text in flow.flow_run_id.lower() or text in flow.name.lower()

    def _is_unconfirmed(self, flow: FlowState) -> bool:
        account = None if flow.cancellation is None else flow.cancellation.account
        # Its task runs may not be kept any more.
        is_told = account is not None and account.unconfirmed > 0
        return is_told or flow.flow_run_id in (self.unconfirmed or ())


def _parent(flow: FlowState) -> str | None:
    return None if flow.parent is None else flow.parent.flow_run_id
