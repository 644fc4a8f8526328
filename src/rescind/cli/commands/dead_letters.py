"""`dead-letters`: requests that could not be read or answered, and what hooks did not take."""

from typing import Annotated

import typer

from rescind.cli.options import AnswerWithin, Json

__all__ = ["dead_letters"]

dead_letters = typer.Typer(
    help="Requests that could not be read or answered, and what hooks did not take, for 30 days.",
    no_args_is_help=True,
)

_PLACE = "PARTITION:OFFSET"


@dead_letters.command("ls")
def ls(
    code: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Has this code; repeat.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="At most so many; 0 for all.")] = 50,
    as_json: Json = False,
) -> int:
    """List dead letters, the latest last: where each lies, where it lay, and why."""
    from rescind.cli.letters.looking import list_letters
    from rescind.cli.session import run

    return run(list_letters(limit, code or [], as_json=as_json))


@dead_letters.command("show")
def show(
    place: Annotated[str, typer.Argument(metavar=_PLACE, help="Where it lies: see `ls`.")],
    as_json: Json = False,
) -> int:
    """Show one with its key, its headers and what it says; --json has its bytes in base64."""
    from rescind.cli.letters.looking import show_letter
    from rescind.cli.session import run

    return run(show_letter(place, as_json=as_json))


@dead_letters.command("retry")
def retry(
    places: Annotated[list[str], typer.Argument(metavar=_PLACE, help="Where each lies: see `ls`.")],
    answer_within: AnswerWithin = 10.0,
    as_json: Json = False,
) -> int:
    """Ask the same once more, as it came: after a bug was mended, or a newer release is here.

    The dead letter stays. What is refused again ends with 1, and may become another one. What a
    hook did not take is told to it once more, by this command with its own settings.
    """
    from rescind.cli.letters.retrying import retry_letters
    from rescind.cli.session import run

    return run(retry_letters(places, answer_within, as_json=as_json))
