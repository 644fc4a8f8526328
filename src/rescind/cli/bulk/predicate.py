"""What ``--where`` says, as the predicate that the service takes."""

from collections.abc import Sequence
from typing import Any, Final

import typer
from pydantic_core import ValidationError

from rescind.cli.options import misused
from rescind.cli.reading.filters import FLOW_STATES, matches_state
from rescind.events.bulk import FlowPredicate

__all__ = ["predicate"]

_LABEL: Final = "label."
_LISTS: Final = {"name": "names", "namespace": "namespaces", "state": "states"}


def predicate(where: Sequence[str]) -> FlowPredicate:
    """Read ``key=value`` as often as it was said; the same key again means one of these.

    Raises `typer.BadParameter`.
    """
    said: dict[str, Any] = {"labels": {}}
    for text in where:
        key, equals, value = text.partition("=")
        if not equals:
            raise typer.BadParameter(f"expected --where key=value, but got {text!r}")
        if key.startswith(_LABEL):
            _once(said["labels"], key.removeprefix(_LABEL), value, text)
        elif key == "parent":
            _once(said, key, value, text)
        elif key in _LISTS:
            more = _states(value) if key == "state" else (value,)
            said[_LISTS[key]] = (*said.get(_LISTS[key], ()), *more)
        else:
            known = ", ".join((*_LISTS, "parent", f"{_LABEL}KEY"))
            raise typer.BadParameter(f"expected --where with one of {known}, but got {key!r}")
    try:
        return FlowPredicate(**said)
    except ValidationError as error:
        raise misused(error) from None


def _once(said: dict[str, Any], key: str, value: str, text: str) -> None:
    if key in said:
        # A flow run has one value; two that it must have mean nothing.
        raise typer.BadParameter(f"expected {key!r} to be said once, but got {text!r} as well")
    said[key] = value


def _states(wanted: str) -> list[str]:
    """As ``ls --state`` takes them: ``cancelling`` is ``Running.Cancelling``."""
    found = [state for state in FLOW_STATES if matches_state(state, wanted)]
    open_ones = [state for state in found if not state.startswith("Finished")]
    if not open_ones:
        known = ", ".join(s.lower() for s in FLOW_STATES if not s.startswith("Finished"))
        raise typer.BadParameter(f"expected a state of {known}, but got {wanted!r}")
    return open_ones
