"""The lifecycles as a page for people: drawings and tables, made from the machines themselves.

Nothing here is written by hand, so the page cannot say anything else than the machines do. The
drawings are Mermaid text, which needs no program to be made.
"""

from itertools import groupby
from typing import Final

from rescind.statemachine.edges import walk
from rescind.statemachine.machine import BULK, FLOW, RUNNER, TASK, Lifecycle

__all__ = ["drawing", "page"]

_BEGINNING: Final = """\
# Lifecycles

Generated from the machines in `statemachine/machine.py`; a test holds this page to them.

An arrow is an event. An event with several ends has one arrow for each. What is in *noted* is
kept as a fact without a change of state. `flow.registered`, `task.registered`,
`runner.registered` and `bulk.created` are the arrows from the beginning. What is in no table is
impossible: the service refuses what would lead to it.
"""


def page() -> str:
    """The page of the documentation with all lifecycles."""
    return "\n".join([_BEGINNING, *map(_section, (FLOW, TASK, RUNNER, BULK))])


def drawing(lifecycle: Lifecycle) -> str:
    """A Mermaid state diagram of every state that can be reached, and of every step."""
    states = _reachable(lifecycle)
    lines = ["stateDiagram-v2", f"    [*] --> {_id(lifecycle.initial)}"]
    for family, members in groupby(states, key=lambda state: state.partition(".")[0]):
        lines += _family(family, list(members))
    for (source, dest), names in _steps(lifecycle).items():
        lines += [f"    {_id(source)} --> {_id(dest)} : {name}" for name in names]
    finished = [state for state in states if state.startswith("Finished")]
    lines += [f"    {_id(state)} --> [*]" for state in finished]
    return "\n".join(lines) + "\n"


def _section(lifecycle: Lifecycle) -> str:
    rows = [
        f"| `{source}` | `{name}` | `{dest}` |"
        for (source, dest), names in _steps(lifecycle).items()
        for name in names
    ]
    noted = [f"| `{state}` | {', '.join(names)} |" for state, names in _noted(lifecycle).items()]
    return "\n".join(
        [
            f"## {lifecycle.name.capitalize()}",
            "",
            f"```mermaid\n{drawing(lifecycle)}```",
            "",
            "| from | event | to |",
            "|---|---|---|",
            *rows,
            "",
            "| in | noted |",
            "|---|---|",
            *noted,
            "",
        ]
    )


def _family(family: str, members: list[str]) -> list[str]:
    if len(members) == 1:
        return [f"    state {_quoted(members[0])} as {_id(members[0])}"]
    inside = [f"        state {_quoted(member)} as {_id(member)}" for member in members]
    return [f"    state {_quoted(family)} as {family}_any {{", *inside, "    }"]


def _quoted(state: str) -> str:
    return f'"{state}"'


def _id(state: str) -> str:
    # A dot would end a name in Mermaid.
    return state.replace(".", "_")


def _reachable(lifecycle: Lifecycle) -> list[str]:
    """Every state that a run can be in, parents before children, as the machine has them."""
    edges = walk(lifecycle)
    found = {lifecycle.initial}
    grown = True
    while grown:
        after = found | {dest for (source, _), dest in edges.items() if source in found}
        grown, found = after != found, after
    return [state for state in lifecycle.states() if state in found]


def _steps(lifecycle: Lifecycle) -> dict[tuple[str, str], list[str]]:
    """The events that lead from one state to another."""
    reachable = _reachable(lifecycle)
    steps: dict[tuple[str, str], list[str]] = {}
    for (source, name), dest in walk(lifecycle).items():
        if source in reachable and dest != source:
            steps.setdefault((source, dest), []).append(name)
    return steps


def _noted(lifecycle: Lifecycle) -> dict[str, list[str]]:
    """The events that are noted in a state without leaving it."""
    reachable = _reachable(lifecycle)
    noted: dict[str, list[str]] = {}
    for (source, name), dest in walk(lifecycle).items():
        if source in reachable and dest == source:
            noted.setdefault(source, []).append(f"`{name}`")
    return noted
