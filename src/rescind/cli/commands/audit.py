"""`audit`: whether the journal is whole, and whether the states are what it says."""

from pathlib import Path
from typing import Annotated

import typer

from rescind.cli.options import FlowRunId, Json

__all__ = ["audit"]

audit = typer.Typer(help="The audit: what the journal proves.", no_args_is_help=True)


@audit.command("verify")
def verify(
    partition: Annotated[
        list[int] | None, typer.Option(min=0, help="Only this partition; repeat.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Read every journal to its end and hold it to the six invariants; exit 6 on a finding.

    Each request of both lanes has one outcome; nothing starts after a cancel; what has ended stays
    so; a flow run ends when its last task run has; the states are what the journal says; whatever
    is open has an owner or a clock.
    """
    from rescind.cli.session import needs_extra, run

    needs_extra("service", "transitions")
    from rescind.cli.audit.verifying import verify_journal

    return run(verify_journal(partition or None, as_json=as_json))


@audit.command("explain")
def explain(flow: FlowRunId, as_json: Json = False) -> int:
    """Tell in sentences what happened to a flow run: who asked, who was told, what stopped and how.

    From the journal alone, with the place where it lies, so that anybody can read the same.
    """
    from rescind.cli.audit.explaining import explain_flow
    from rescind.cli.session import run

    return run(explain_flow(flow, as_json=as_json))


@audit.command("replay")
def replay(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="From `rescind journal export`; - is stdin.")
    ],
    as_json: Json = False,
) -> int:
    """Fold an exported journal, and hold it to what it shows by itself; exit 6 on a finding.

    Without Kafka, on any machine: what became of each flow run (all of them with --json), and
    whether the journal is whole. The states that a service keeps are not there to compare.
    """
    from rescind.cli.session import needs_extra

    needs_extra("service", "transitions")
    from rescind.cli.audit.replaying import replay_export

    return replay_export(file, as_json=as_json)
