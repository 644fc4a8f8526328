"""`hooks`: who is told of cancellations, and whether they take it."""

from typing import Annotated

import typer

from rescind.cli.options import Json

__all__ = ["hooks"]

hooks = typer.Typer(help="Hooks: who is told of cancellations, and a test.", no_args_is_help=True)


@hooks.command("ls")
def ls(as_json: Json = False) -> int:
    """List hooks: of the settings and of installed packages, and what each has not taken yet."""
    from rescind.cli.hooks.listing import list_hooks
    from rescind.cli.session import run

    return run(list_hooks(as_json=as_json))


@hooks.command("test")
def try_one(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of a hook: see `ls`.")],
    as_json: Json = False,
) -> int:
    """Tell a hook that this is a test, and of a webhook see whether it verifies signatures.

    For that the test is posted a second time, with a signature that is wrong. Asks no broker; exit
    1 if the hook does not take it.
    """
    from rescind.cli.hooks.testing import try_hook
    from rescind.cli.session import run

    return run(try_hook(name, as_json=as_json))
