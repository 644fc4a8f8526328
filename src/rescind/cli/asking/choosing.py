"""Which flow runs a cancel is for: what was typed, what is known, and what the person says to it.

A whole id is taken as it is. A beginning, and ``@latest``, might mean another run than was
thought: at a terminal the person is shown which, and asked. An id that nobody knows is asked for
only if it was said that it is meant.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import typer

from rescind.cli.asking.answers import Answer
from rescind.cli.asking.subjects import Subject
from rescind.cli.exits import Exit, exit_of
from rescind.cli.printing.output import Output
from rescind.cli.reading.finding import LATEST, find_flows
from rescind.cli.reading.states import read_flow
from rescind.cli.session import Session
from rescind.errors import AmbiguousIdError, UnknownRunError
from rescind.events.states import FlowState
from rescind.telling.words import plain

__all__ = ["Choice", "Known", "choose", "look_up"]

Known = dict[str, FlowState | UnknownRunError | AmbiguousIdError]
"""By what was typed: the run that is meant, or why none is."""

_ARM_HINT = "; to cancel the run that will register under this id, add --arm"


@dataclass(slots=True)
class Choice:
    """The ids to ask for, and the answers that are clear without asking."""

    ids: list[str] = field(default_factory=list[str])
    answers: list[Answer] = field(default_factory=list[Answer])


async def look_up(session: Session, typed: Sequence[str]) -> Known:
    """Find what was typed. One whole id, which is what programs have, costs one partition."""
    if len(typed) == 1 and not typed[0].startswith("@"):
        exact = await read_flow(session, typed[0])
        if exact is not None:
            return {typed[0]: exact}
    return await find_flows(session, typed)


def choose(known: Known, output: Output, *, arm: bool, yes: bool) -> Choice:
    """Settle what is to be asked for; ``arm``: unknown ids too, ``yes``: without questions."""
    asks = not yes and output.is_a_person
    choice = Choice()
    for typed, found in known.items():
        if isinstance(found, FlowState):
            if found.flow_run_id == typed or not asks or _agrees(found):
                choice.ids.append(found.flow_run_id)
            else:
                left = Answer(Subject(found.flow_run_id), "left_alone", "is left alone", Exit.OK)
                choice.answers.append(left)
        elif isinstance(found, UnknownRunError) and _is_armed(typed, arm=arm, asks=asks):
            choice.ids.append(typed)
        else:
            hint = _ARM_HINT if isinstance(found, UnknownRunError) and typed != LATEST else ""
            unknown = Answer(Subject(typed), "unknown", f"{found}{hint}", exit_of(found))
            choice.answers.append(unknown)
    choice.ids = list(dict.fromkeys(choice.ids))
    return choice


def _agrees(flow: FlowState) -> bool:
    what = f"{flow.flow_run_id} ({plain(flow.name)}, {flow.state})"
    return typer.confirm(f"Cancel {what}?", err=True)


def _is_armed(typed: str, *, arm: bool, asks: bool) -> bool:
    if typed == LATEST:
        return False
    if arm or not asks:
        return arm
    question = f"No flow run is known as {typed!r}. Cancel the one that will register so, if any?"
    return typer.confirm(question, err=True)
