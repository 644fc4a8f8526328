"""What a list can be asked for: pages, states, labels, times."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Final

from fastapi import Depends, Query
from pydantic import AfterValidator, BeforeValidator, StringConstraints, WithJsonSchema

from rescind.events.moments import moment_from_text
from rescind.events.words import ChosenId, Name
from rescind.server.readmodel.queries.flows import FlowFilter
from rescind.server.readmodel.queries.pages import LIMIT_MAX
from rescind.statemachine.edges import within
from rescind.statemachine.machine import FLOW, TASK

__all__ = [
    "Cursor",
    "HasText",
    "Limit",
    "TaskStates",
    "flow_filter",
    "flow_filter_of_any_state",
]

_MANY: Final = 16

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="How many rows a page may have.")]
Cursor = Annotated[
    Annotated[str, StringConstraints(max_length=2_000)] | None,
    Query(description="The one that the page before ended with."),
]


def _state_of(runs: str, known: Sequence[str]) -> AfterValidator:
    """A state of these machines, or one that states lie in."""

    def check(name: str) -> str:
        if not within(known, {name}):
            raise ValueError(f"expected a state of {runs}, such as Running or Finished.Cancelled")
        return name

    return AfterValidator(check)


Time = Annotated[
    int,
    BeforeValidator(moment_from_text),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""RFC 3339 in a query; a number to whoever asks the read model."""

_DESCRIBED: Final = "As Running, with all that lies in it."
_State = Annotated[str, StringConstraints(max_length=64)]

FlowStates = Annotated[
    tuple[Annotated[_State, _state_of("flow runs", tuple(FLOW.states()))], ...],
    Query(alias="state", max_length=_MANY, description=_DESCRIBED),
]
TaskStates = Annotated[
    tuple[Annotated[_State, _state_of("task runs", tuple(TASK.states()))], ...],
    Query(alias="state", max_length=_MANY, description=_DESCRIBED),
]


def _with_a_value(label: str) -> str:
    if "=" not in label:
        raise ValueError("expected a label as KEY=VALUE")
    return label


_Label = Annotated[str, StringConstraints(max_length=400), AfterValidator(_with_a_value)]


def _each_key_once(labels: tuple[str, ...]) -> tuple[str, ...]:
    # A flow run has one value: of two, the last one alone would be looked for.
    if len({label.partition("=")[0] for label in labels}) < len(set(labels)):
        raise ValueError("expected each key once, since a flow run has one value of it")
    return labels


Labels = Annotated[
    tuple[_Label, ...],
    Query(alias="label", max_length=_MANY, description="As KEY=VALUE; all of them."),
    AfterValidator(_each_key_once),
]


HasText = Annotated[
    Name | None, Query(description="What the id or the name has in it, in capitals or not.")
]


def flow_filter_of_any_state(
    label: Labels = (),
    name: Name | None = None,
    namespace: Name | None = None,
    parent: ChosenId | None = None,
    text: HasText = None,
    registered_from: Time | None = None,
    registered_before: Time | None = None,
) -> FlowFilter:
    """The filter that a query asks for, without a state."""
    return FlowFilter(
        labels=dict(one.split("=", 1) for one in label),
        name=name,
        namespace=namespace,
        parent_flow_run_id=parent,
        text=text,
        registered_from_ms=registered_from,
        registered_before_ms=registered_before,
    )


def flow_filter(
    others: Annotated[FlowFilter, Depends(flow_filter_of_any_state)], state: FlowStates = ()
) -> FlowFilter:
    """The filter that a query asks for."""
    return replace(others, states=state)
