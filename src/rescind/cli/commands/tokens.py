"""`tokens`: who may ask over HTTP, and for what."""

from enum import StrEnum
from typing import Annotated

import typer

from rescind.cli.options import Json

__all__ = ["tokens"]

tokens = typer.Typer(
    help="Make, list and revoke the tokens by which the HTTP API and the pages know who asks.",
    no_args_is_help=True,
)


class _Scope(StrEnum):
    """As `rescind.access.tokens.Scope`, which is slow to import for a help text."""

    READ = "read"
    CANCEL = "cancel"
    ADMIN = "admin"


class _Kind(StrEnum):
    USER = "user"
    SERVICE = "service"


@tokens.command("create")
def create(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Who asks by it, as the journal will have it.")
    ],
    scope: Annotated[
        list[_Scope],
        typer.Option(help="What it is good for; repeat. `admin` is all of it."),
    ],
    namespace: Annotated[
        list[str] | None, typer.Option(help="Good there alone; repeat. By default everywhere.")
    ] = None,
    kind: Annotated[_Kind, typer.Option(help="A person or a program.")] = _Kind.USER,
    days: Annotated[
        int, typer.Option(min=0, max=36_500, help="How long it is good; 0: until it is revoked.")
    ] = 90,
    as_json: Json = False,
) -> int:
    """Make a token and print it, once: nobody can look it up again.

    The token alone goes to stdout, so `rescind tokens create ci --scope cancel > FILE` keeps it.
    """
    from rescind.cli.session import run
    from rescind.cli.tokens.making import create_token

    wanted = create_token(
        name,
        [each.value for each in scope],
        namespaces=namespace,
        kind=kind.value,
        days=days,
        as_json=as_json,
    )
    return run(wanted)


@tokens.command("ls")
def ls(
    every: Annotated[
        bool, typer.Option("--all", help="Also those that have expired or been revoked.")
    ] = False,
    as_json: Json = False,
) -> int:
    """List tokens, the oldest first, without their secrets, which nobody has."""
    from rescind.cli.session import run
    from rescind.cli.tokens.listing import list_tokens

    return run(list_tokens(every=every, as_json=as_json))


@tokens.command("renew")
def renew(as_json: Json = False) -> int:
    """Sign every token anew with the first of RESCIND_SIGNING_KEYS; secrets stay as they are.

    Before an older key is taken away: what it has signed is then no token any more.
    """
    from rescind.cli.session import run
    from rescind.cli.tokens.making import renew_tokens

    return run(renew_tokens(as_json=as_json))


@tokens.command("revoke")
def revoke(
    whose: Annotated[
        str, typer.Argument(metavar="ID|NAME", help="A token, or all that NAME has: see `ls`.")
    ],
    as_json: Json = False,
) -> int:
    """Let a token be good for nothing, with every session that was begun with it. Twice is once."""
    from rescind.cli.session import run
    from rescind.cli.tokens.making import revoke_tokens

    return run(revoke_tokens(whose, as_json=as_json))
