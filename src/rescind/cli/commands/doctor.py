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
    as_json: Json = False,
) -> int:
    """Look at Kafka, topics, workers, lag, stuck runs and clocks; each with the remedy."""
    from rescind.cli.doctor.diagnosing import diagnose
    from rescind.cli.session import run

    return run(diagnose(probe=probe, as_json=as_json))
