"""`doctor`: is all well."""

from typing import Annotated

import typer

from rescind.cli.options import Json

__all__ = ["doctor"]


def doctor(
    probe: Annotated[
        bool,
        typer.Option("--probe", help="Also ask each partition something that it will refuse."),
    ] = False,
    server: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="RESCIND_SERVER_URL",
            show_envvar=False,
            help="Where `rescind server` answers, also by RESCIND_SERVER_URL; that of `rescind up` "
            "is found.",
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Look at Kafka, topics, workers, lag, the server, stuck runs and clocks; with the remedy."""
    from rescind.cli.doctor.diagnosing import diagnose
    from rescind.cli.doctor.server import require_url
    from rescind.cli.session import run

    require_url(server)
    return run(diagnose(probe=probe, server=server, as_json=as_json))
