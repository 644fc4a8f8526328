"""Which flow runs `ls` shows: by state, label, namespace, and whether they are stuck."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import typer

from rescind.events.states import FlowState

__all__ = ["FLOW_STATES", "STUCK_AFTER_MS", "Wanted", "is_stuck", "matches_state"]

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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; what is empty is not asked."""

    states: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    namespace: str | None = None
    stuck: bool = False
    unconfirmed: bool = False

    def check(self) -> None:
        """Raises `typer.BadParameter` if no flow run can ever be as is asked."""
        for name in self.states:
            if not any(matches_state(state, name) for state in FLOW_STATES):
                known = ", ".join(state.lower() for state in FLOW_STATES)
                raise typer.BadParameter(f"expected --state to be one of {known}, but got {name!r}")

    def choose(self, flows: Iterable[FlowState], now_ms: int) -> list[FlowState]:
        """The flow runs that have all of it, the latest first."""
        chosen = [flow for flow in flows if self._has_all(flow, now_ms)]
        return sorted(chosen, key=lambda flow: (-flow.registered_at, flow.flow_run_id))

    def _has_all(self, flow: FlowState, now_ms: int) -> bool:
        return (
            (not self.states or any(matches_state(flow.state, name) for name in self.states))
            and all(flow.labels.get(key) == value for key, value in self.labels.items())
            and (self.namespace is None or flow.namespace == self.namespace)
            and (not self.stuck or is_stuck(flow, now_ms))
            and (not self.unconfirmed or _is_unconfirmed(flow))
        )


def _is_unconfirmed(flow: FlowState) -> bool:
    cancellation = flow.cancellation
    account = None if cancellation is None else cancellation.account
    return account is not None and account.unconfirmed > 0
