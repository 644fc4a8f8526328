"""The lifecycles, as `transitions` machines: the one definition of what may follow what.

`edges` walks each machine once into a table, and everything else looks edges up there (0.2 µs,
against 150 to 390 µs for a live trigger). So no live model leaves this module, and nothing is
decided here: an edge says that a step exists, `decide` says whether it is taken.

A trigger is the name of an event without its version; an event with several ends has one
trigger for each (``flow.failed``, ``flow.failed.crashed``). An *internal* transition stands for
a fact that may be noted in a state without leaving it.

    flow run                                  task run
    Pending ──────────┐                       Pending ⇄ Pending.Retrying
       │ started      │ cancelled                │ started     │
    Running ──────────┼──────────┐            Running ─── Running.Cancelling
       │ cancelling   │          │ ended         │ ended           │
    Running.Cancelling┴► Finished.*           Finished.*  ◄────────┘

Four traps of `transitions` 0.9.3 are met here. A trigger on a parent is inherited by its
children, so an edge that is meant for the parent alone names it in a condition. The separator
of nested states is process-wide, so it is set on a subclass: users have machines too.
``auto_transitions=False`` still leaves ``model.to()``, which jumps anywhere. An edge given as a
tuple is rejected.
"""

from typing import Any, Final

from transitions import EventData, MachineError
from transitions.extensions import HierarchicalMachine
from transitions.extensions.nesting import NestedState

__all__ = ["BULK", "FLOW", "RUNNER", "TASK", "Lifecycle", "build", "triggers"]

_FINISHED: Final = {
    "name": "Finished",
    "children": ["Success", {"name": "Failed", "children": ["Crashed", "TimedOut"]}, "Cancelled"],
}

_FLOW_STATES: Final = ["Pending", {"name": "Running", "children": ["Cancelling"]}, _FINISHED]

_TASK_STATES: Final = [
    {"name": "Pending", "children": ["Retrying"]},
    {"name": "Running", "children": ["Cancelling"]},
    _FINISHED,
]

_RUNNER_STATES: Final = ["Registered", {"name": "Gone", "children": ["Left", "Lost"]}]

_BULK_STATES: Final = [
    {"name": "Draft", "children": ["Counted"]},
    "Running",
    "Paused",
    {"name": "Finished", "children": ["Completed", "Stopped"]},
]

# (trigger, from, to). "=" before a state: that state itself and not its children. "to" None:
# a fact that is noted without leaving the state.
_FLOW_EDGES: Final = (
    ("flow.started", "Pending", "Running"),
    ("flow.cancelling", "Pending", "Running.Cancelling"),
    ("flow.cancelling", "=Running", "Running.Cancelling"),
    ("flow.cancelled", "Pending", "Finished.Cancelled"),
    ("flow.cancelled", "Running.Cancelling", "Finished.Cancelled"),
    ("flow.succeeded", "=Running", "Finished.Success"),
    # Also from Cancelling: a cancellation that the service began names the end it leads to.
    ("flow.failed", "Running", "Finished.Failed"),
    ("flow.failed.crashed", "Running", "Finished.Failed.Crashed"),
    ("flow.failed.timed_out", "Running", "Finished.Failed.TimedOut"),
    ("flow.body_finished", "Running.Cancelling", None),
    ("cancellation.sent", "Running.Cancelling", None),
    ("cancellation.acknowledged", "Running.Cancelling", None),
    ("cancellation.escalated", "Running.Cancelling", None),
    ("cancellation.clock_fired", "Running.Cancelling", None),
    ("cancellation.warning", "Running.Cancelling", None),
    ("executor.failed", "Running.Cancelling", None),
    # Also of what a lost runner held in a flow run that nobody cancels.
    ("infrastructure.teardown", "Running", None),
    ("infrastructure.teardown", "Finished", None),
    ("child.end_sent", "Finished", None),
    ("flow.quarantined", "Pending", None),
    ("flow.quarantined", "Running", None),
    ("flow.quarantined", "Finished", None),
    ("flow.forgotten", "Finished", None),
)

_TASK_EDGES: Final = (
    ("task.started", "Pending", "Running"),
    ("task.retrying", "=Running", "Pending.Retrying"),
    ("task.cancelling", "=Running", "Running.Cancelling"),
    ("task.cancelled", "Pending", "Finished.Cancelled"),
    ("task.cancelled", "Running", "Finished.Cancelled"),
    ("task.succeeded", "Running", "Finished.Success"),
    ("task.failed", "Running", "Finished.Failed"),
    ("task.failed.crashed", "Running", "Finished.Failed.Crashed"),
    ("task.failed.timed_out", "Running", "Finished.Failed.TimedOut"),
    ("task.stopping", "Running", None),
    ("task.cleanup", "Running", None),
    ("cancellation.sent", "Running.Cancelling", None),
    ("cancellation.acknowledged", "Running.Cancelling", None),
    ("cancellation.escalated", "Running.Cancelling", None),
    ("cancellation.clock_fired", "Running.Cancelling", None),
    ("child.cancel_sent", "Running", None),
    ("child.not_cancelled", "Running", None),
    ("child.given_up", "Running", None),
    ("child.released", "Running", None),
    ("child.finished.success", "Running", "Finished.Success"),
    ("child.finished", "Running", "Finished.Failed"),
    ("child.finished.crashed", "Running", "Finished.Failed.Crashed"),
    ("child.finished.timed_out", "Running", "Finished.Failed.TimedOut"),
    ("child.finished.cancelled", "Running", "Finished.Cancelled"),
)

_RUNNER_EDGES: Final = (
    ("runner.registered", "Registered", None),
    ("runner.left", "Registered", "Gone.Left"),
    ("runner.lost", "Registered", "Gone.Lost"),
    ("runner.forgotten", "Gone", None),
)

_BULK_EDGES: Final = (
    ("bulk.counted", "=Draft", "Draft.Counted"),
    # Not from Draft itself: nobody starts what has not been counted.
    ("bulk.started", "Draft.Counted", "Running"),
    ("bulk.paused", "Running", "Paused"),
    ("bulk.resumed", "Paused", "Running"),
    ("bulk.stopped", "Draft", "Finished.Stopped"),
    ("bulk.stopped", "Running", "Finished.Stopped"),
    ("bulk.stopped", "Paused", "Finished.Stopped"),
    ("bulk.completed", "Running", "Finished.Completed"),
    # What was asked before a pause or a stop is told of after it.
    ("bulk.progressed", "Running", None),
    ("bulk.progressed", "Paused", None),
    ("bulk.progressed", "Finished.Stopped", None),
    ("bulk.forgotten", "Draft", None),
    ("bulk.forgotten", "Finished", None),
)


class _State(NestedState):
    separator = "."


class _Machine(HierarchicalMachine):
    state_cls = _State


class _Model:
    """What the walk moves about; it has nothing but a state, which the machine sets."""


class Lifecycle:
    """One machine, with the only model that ever moves through it.

    Attributes:
        name: what runs through it: ``flow run``, ``task run``, ``runner``, ``bulk cancellation``.
        initial: where its life begins.

    """

    def __init__(
        self,
        name: str,
        states: list[Any],
        edges: tuple[tuple[str, str, str | None], ...],
        initial: str,
    ) -> None:
        self.name = name
        self.initial = initial
        self.edges: Final = edges
        self._model = _Model()
        self.machine: Final = _Machine(
            model=self._model,
            states=states,
            transitions=[_transition(*edge) for edge in edges],
            initial=initial,
            auto_transitions=False,
            send_event=True,
        )

    def states(self) -> list[str]:
        """Every state by its full name, parents before children."""
        return [str(name) for name in self.machine.get_nested_state_names()]

    def triggers_of(self, state: str) -> list[str]:
        """The triggers of this state and its parents; conditions are not asked."""
        known = set(self.machine.get_triggers(state))
        return [trigger for trigger in triggers(self) if trigger in known]

    def take(self, state: str, trigger: str) -> str | None:
        """The state after this trigger, asked of the live machine; None where it has no edge."""
        self.machine.set_state(state, self._model)
        try:
            taken = self.machine.trigger_event(self._model, trigger)
        except MachineError:
            return None
        # False: a condition held the edge back.
        return str(vars(self._model)["state"]) if taken else None


def _exactly(state: str) -> Any:
    def is_there(data: EventData) -> bool:
        return bool(vars(data.model)["state"] == state)

    return is_there


def _transition(trigger: str, source: str, dest: str | None) -> dict[str, Any]:
    edge: dict[str, Any] = {"trigger": trigger, "source": source.lstrip("="), "dest": dest}
    if source.startswith("="):
        edge["conditions"] = _exactly(source.lstrip("="))
    return edge


def triggers(lifecycle: Lifecycle) -> list[str]:
    """Every trigger of a machine, once, in the order of its definition."""
    return list(dict.fromkeys(trigger for trigger, _, _ in lifecycle.edges))


def build() -> tuple[Lifecycle, Lifecycle, Lifecycle, Lifecycle]:
    """New machines of all lifecycles (for tests that want their own)."""
    return (
        Lifecycle("flow run", _FLOW_STATES, _FLOW_EDGES, "Pending"),
        Lifecycle("task run", _TASK_STATES, _TASK_EDGES, "Pending"),
        Lifecycle("runner", _RUNNER_STATES, _RUNNER_EDGES, "Registered"),
        Lifecycle("bulk cancellation", _BULK_STATES, _BULK_EDGES, "Draft"),
    )


FLOW, TASK, RUNNER, BULK = build()
