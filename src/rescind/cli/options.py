"""Arguments and options that several commands share, each with the same name and help."""

from typing import Annotated

import typer
from pydantic_core import ValidationError

__all__ = ["FlowRunId", "Json", "misused", "pairs"]

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]

FlowRunId = Annotated[
    str, typer.Argument(metavar="ID", help="A flow run: its id, the beginning of it, or @latest.")
]


def misused(error: ValidationError) -> typer.BadParameter:
    """What was typed does not fit into a request: the first thing that does not, as a usage error.

    To be raised by whoever has made the request of what was typed.
    """
    from rescind.events.requests.wording import sentence_of

    first = error.errors(include_url=False)[0]
    name = ".".join(str(step) for step in first["loc"])
    return typer.BadParameter(f"{name}: {sentence_of(first)}")


def pairs(given: list[str], option: str) -> dict[str, str]:
    """Read ``key=value`` as often as the option was given.

    Raises `typer.BadParameter`.
    """
    found: dict[str, str] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"expected {option} key=value, but got {text!r}")
        found[key] = value
    return found
