"""`rescind topics`: the topics as they must be, against the cluster's."""

import typer

from rescind.cli.exits import Exit
from rescind.cli.printing.output import Output, columns
from rescind.cli.session import open_session, read_settings
from rescind.kafka.topics import (
    TopicNames,
    acl_commands,
    check_topics,
    create_topics,
    describe_topics,
    topic_specs,
)

__all__ = ["compare", "create_missing", "list_topics", "print_acls"]

_ROLES = ("worker", "agents", "server", "runner", "requester", "admin")


async def create_missing(*, as_json: bool) -> Exit:
    output = Output(as_json=as_json)
    session = await open_session()
    settings = session.settings
    made = await create_topics(
        session.connection,
        topic_specs(session.names),
        partitions=settings.partition_count,
        replicas=settings.replication_factor,
    )
    for name in made:
        output.show(f"{name} made with {settings.partition_count} partitions")
    if not made:
        output.show("All topics are there.")
    # The number is fixed when they are made: a setting that differs is no fault of theirs.
    differences = await check_topics(session.connection, topic_specs(session.names))
    return _report(differences, output, {"made": made})


async def compare(*, as_json: bool) -> Exit:
    output = Output(as_json=as_json)
    session = await open_session()
    differences = await check_topics(
        session.connection, topic_specs(session.names), partitions=session.settings.partitions
    )
    if not differences:
        output.show("All topics are as they must be.")
    return _report(differences, output, {})


def _report(differences: list[str], output: Output, body: dict[str, object]) -> Exit:
    if output.as_json:
        output.document(body | {"differences": differences})
    for sentence in differences:
        output.complain(sentence)
    return Exit.REFUSED if differences else Exit.OK


async def list_topics(*, as_json: bool) -> Exit:
    output = Output(as_json=as_json)
    session = await open_session()
    reports = await describe_topics(session.connection, topic_specs(session.names))
    if as_json:
        output.document(
            [
                {
                    "name": report.spec.name,
                    "purpose": report.spec.purpose,
                    "partitions": report.partitions,
                    "replicas": report.replicas,
                    "config": dict(report.config),
                    "expected_config": report.spec.config,
                }
                for report in reports
            ]
        )
        return Exit.OK
    table = columns(("TOPIC", "PARTITIONS", "COPIES", "CLEANUP", "KEPT", "FOR"))
    for report in reports:
        there = report.partitions > 0
        table.add_row(
            report.spec.name,
            str(report.partitions) if there else "missing",
            str(report.replicas) if there else "",
            report.config.get("cleanup.policy", ""),
            _kept(report.config.get("retention.ms")),
            report.spec.purpose,
        )
    output.show(table)
    return Exit.OK


def _kept(retention_ms: str | None) -> str:
    if retention_ms is None:
        return ""
    hours = int(retention_ms) / 3_600_000
    if hours < 0:
        return "for ever"
    return f"{hours / 24:g} d" if hours >= 24 else f"{hours:g} h"


def print_acls(users: dict[str, str], *, as_json: bool) -> Exit:
    if unknown := sorted(users.keys() - set(_ROLES)):
        raise typer.BadParameter(f"expected a role ({', '.join(_ROLES)}), but got {unknown[0]!r}")
    settings = read_settings()
    bootstrap = settings.bootstrap or "BROKER:9092"
    script = acl_commands(TopicNames(settings.topic_prefix), bootstrap, users)
    output = Output(as_json=as_json)
    if as_json:
        lines = [line for line in script.splitlines() if line and not line.startswith(("#", "set"))]
        output.document({"commands": lines})
    else:
        output.show(script.rstrip("\n"))
    return Exit.OK
