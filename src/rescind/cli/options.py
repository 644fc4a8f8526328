"""Arguments and options that several commands share, each with the same name and help."""

from typing import Annotated

import typer

__all__ = ["FlowRunId", "Json", "pairs"]

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]

FlowRunId = Annotated[
    str, typer.Argument(metavar="ID", help="A flow run: its id, the beginning of it, or @latest.")
]


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
