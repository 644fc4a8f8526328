"""Arguments and options that several commands share, each with the same name and help."""

from enum import StrEnum
from typing import Annotated

import typer
from pydantic_core import ValidationError

__all__ = [
    "Abort",
    "AnswerWithin",
    "Cascade",
    "Deadline",
    "FlowRunId",
    "Grace",
    "Json",
    "Reason",
    "Where",
    "misused",
    "pairs",
]

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]

Reason = Annotated[str, typer.Option(help="Why; everyone who looks will read it.")]

Grace = Annotated[
    float | None, typer.Option(metavar="SECONDS", min=0, help="Until what runs is killed.")
]

Deadline = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", min=0, help="Until all is over that can be stopped."),
]

Abort = Annotated[
    bool, typer.Option("--abort", help="Kill at once; also what is being cancelled gracefully.")
]


class CascadeChoice(StrEnum):
    """As `rescind.events.words.CascadePolicy`, which is slow to import for a help text."""

    WAIT = "wait"
    REQUEST = "request"
    NONE = "none"


Cascade = Annotated[
    CascadeChoice | None,
    typer.Option(
        help="What becomes of children, of all alike: cancelled and waited for, cancelled, or "
        "left alone. By default each child's own policy holds."
    ),
]

AnswerWithin = Annotated[
    float, typer.Option(metavar="SECONDS", min=0, help="How long to wait for each answer.")
]

Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="KEY=VALUE",
        help="Only those with this name, namespace, state, parent or label.KEY; repeat.",
    ),
]

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
        if found.setdefault(key, value) != value:
            raise typer.BadParameter(
                f"expected {option} with each key once, but got {key!r} with two values"
            )
    return found
