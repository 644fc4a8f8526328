"""`topics`: what Kafka has to have for the promises to hold."""

from typing import Annotated

import typer

from rescind.cli.options import Json, pairs

__all__ = ["topics"]

topics = typer.Typer(
    help="The topics: make them, compare them, describe them.", no_args_is_help=True
)


@topics.command("create")
def create(as_json: Json = False) -> int:
    """Make the topics that are missing. What exists is compared, and never changed."""
    from rescind.cli.session import run
    from rescind.cli.topics import create_missing

    return run(create_missing(as_json=as_json))


@topics.command("check")
def check(as_json: Json = False) -> int:
    """Compare the topics with what they must be; exit 1 if one differs."""
    from rescind.cli.session import run
    from rescind.cli.topics import compare

    return run(compare(as_json=as_json))


@topics.command("describe")
def describe(as_json: Json = False) -> int:
    """List the topics: what each is for, and how it is."""
    from rescind.cli.session import run
    from rescind.cli.topics import list_topics

    return run(list_topics(as_json=as_json))


@topics.command("acls")
def acls(
    user: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE=NAME",
            help="The cluster's name for a role: worker, agents, server, runner, requester, admin.",
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Print the commands that let only the lifecycle write the journal. Asks no broker."""
    from rescind.cli.topics import print_acls

    return print_acls(pairs(user or [], "--user"), as_json=as_json)
