"""Makes the topics, and compares what a cluster has with what it must have.

Nothing that exists is changed: a topic may be shared, and fewer copies or another retention may
be an operator's decision. The difference is named, with the command that ends it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from rescind.errors import BrokerUnavailableError, TopicsError
from rescind.kafka.connection import Connection
from rescind.kafka.topics.specs import TopicSpec

__all__ = ["TopicReport", "check_topics", "create_topics", "describe_topics"]

_VISIBLE_SECONDS_MAX: Final = 30.0
_REQUEST_MS: Final = 30_000


@dataclass(frozen=True, slots=True)
class TopicReport:
    """One topic as it is. ``partitions`` 0: there is none. ``config`` has what the spec names."""

    spec: TopicSpec
    partitions: int
    replicas: int
    config: Mapping[str, str]


async def create_topics(
    connection: Connection, specs: tuple[TopicSpec, ...], *, partitions: int, replicas: int | None
) -> list[str]:
    """Make those that are missing and wait until they can be used; return their names.

    ``replicas`` None: three copies, or as many as there are brokers. Raises `TopicsError` if
    the cluster refuses one.
    """
    async with _admin(connection) as admin:
        metadata = await admin.describe_cluster()
        copies = replicas or min(3, len(metadata["brokers"]))
        present = {topic["topic"] for topic in await admin.describe_topics()}
        missing = [spec for spec in specs if spec.name not in present]
        if not missing:
            return []
        new = [_new_topic(spec, partitions, copies) for spec in missing]
        response: Any = await admin.create_topics(new, timeout_ms=_REQUEST_MS)
        refused = [
            f"{topic} was refused: {message or for_code(code).__name__}"
            for topic, code, message in response.topic_errors
            if code not in {0, TopicAlreadyExistsError.errno}
        ]
        if refused:
            raise TopicsError(refused)
        await _wait_until_visible(admin, {spec.name for spec in missing}, partitions)
        return [spec.name for spec in missing]


async def describe_topics(
    connection: Connection, specs: tuple[TopicSpec, ...]
) -> list[TopicReport]:
    """Return each topic as the cluster has it, in the order of the specs."""
    async with _admin(connection) as admin:
        # Of all topics: asking for one by name would make it, where the cluster allows that.
        found = {topic["topic"]: topic for topic in await admin.describe_topics()}
        present = [spec for spec in specs if spec.name in found]
        configs = await _configs(admin, present)
        return [
            TopicReport(
                spec,
                partitions=len(found[spec.name]["partitions"]) if spec.name in found else 0,
                replicas=_replicas(found.get(spec.name)),
                config={
                    name: configs[spec.name].get(name, "")
                    for name in (spec.config if spec.name in configs else {})
                },
            )
            for spec in specs
        ]


async def check_topics(
    connection: Connection, specs: tuple[TopicSpec, ...], *, partitions: int | None = None
) -> list[str]:
    """Return a sentence for each difference, with its remedy; none when all is well.

    ``partitions`` None: any number, as long as all topics have the same.
    """
    reports = await describe_topics(connection, specs)
    expected = partitions or max(report.partitions for report in reports)
    return [
        sentence
        for report in reports
        for sentence in _differences(report, expected, connection.bootstrap)
    ]


def _differences(report: TopicReport, partitions: int, bootstrap: str) -> list[str]:
    name = report.spec.name
    if not report.partitions:
        return [f"{name} is missing: run `rescind topics create`"]
    found = list[str]()
    if report.partitions != partitions:
        found.append(
            f"{name} has {report.partitions} partitions and not {partitions}: the number cannot "
            f"be changed later, set RESCIND_PARTITIONS={report.partitions} if all topics have "
            "as many, or choose another RESCIND_TOPIC_PREFIX"
        )
    for key, value in report.spec.config.items():
        if not _same(report.config.get(key, ""), value):
            command = (
                f"kafka-configs.sh --bootstrap-server {bootstrap} --alter --entity-type topics "
                f"--entity-name {name} --add-config '{key}=[{value}]'"
            )
            found.append(
                f"{name} has {key}={report.config.get(key, '')} and not {value}: run `{command}`"
            )
    return found


def _same(found: str, expected: str) -> bool:
    # Kafka gives lists back in an order of its own.
    return sorted(found.split(",")) == sorted(expected.split(","))


def _new_topic(spec: TopicSpec, partitions: int, replicas: int) -> NewTopic:
    # With three copies, an acknowledged record is on two: one broker may be lost.
    safety = {"min.insync.replicas": "2" if replicas >= 3 else "1"}
    return NewTopic(spec.name, partitions, replicas, topic_configs={**spec.config, **safety})


def _replicas(topic: Any) -> int:
    return min((len(p["replicas"]) for p in topic["partitions"]), default=0) if topic else 0


async def _configs(admin: AIOKafkaAdminClient, specs: list[TopicSpec]) -> dict[str, dict[str, str]]:
    if not specs:
        return {}
    asked = [ConfigResource(ConfigResourceType.TOPIC, spec.name) for spec in specs]
    configs = dict[str, dict[str, str]]()
    responses: list[Any] = await admin.describe_configs(asked)
    for response in responses:
        for code, message, _kind, name, entries in response.resources:
            if code:
                raise TopicsError([f"{name} cannot be described: {message or for_code(code)}"])
            configs[name] = {entry[0]: entry[1] for entry in entries}
    return configs


async def _wait_until_visible(admin: AIOKafkaAdminClient, names: set[str], partitions: int) -> None:
    async with asyncio.timeout(_VISIBLE_SECONDS_MAX):
        while True:
            ready = {
                topic["topic"]
                for topic in await admin.describe_topics()
                if len([p for p in topic["partitions"] if p["leader"] >= 0]) >= partitions
            }
            if names <= ready:
                return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def _admin(connection: Connection) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**connection.options(), request_timeout_ms=_REQUEST_MS)
    try:
        await admin.start()
        yield admin
    except TimeoutError as error:
        raise BrokerUnavailableError(connection.bootstrap, "no answer in time") from error
    except KafkaError as error:
        raise BrokerUnavailableError(connection.bootstrap, str(error)) from error
    finally:
        await admin.close()
