"""`rescind topics` on a real Kafka."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from rescind.kafka.topics import TopicNames, topic_specs
from tests.conftest import Cluster
from tests.kafka.cli.command import Command
from tests.waiting import until


async def test_create_makes_what_is_missing_once(
    rescind: Command, bootstrap: str, unique_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = TopicNames(f"{unique_prefix}more.")
    monkeypatch.setenv("RESCIND_TOPIC_PREFIX", names.prefix)
    monkeypatch.setenv("RESCIND_PARTITIONS", "1")
    try:
        made = (await rescind("topics", "create", "--json")).json["made"]
        again = await rescind("topics", "create")
    finally:
        await _delete(bootstrap, [spec.name for spec in topic_specs(names)])

    assert made == [spec.name for spec in topic_specs(names)]
    assert (again.code, again.out) == (0, "All topics are there.\n")


async def test_check_names_what_is_missing_with_its_remedy(
    rescind: Command, cluster: Cluster, bootstrap: str
) -> None:
    good = await rescind("topics", "check")
    await _delete(bootstrap, [cluster.names.inbox])

    async def is_gone() -> bool:
        return (await rescind("topics", "check")).code != 0

    await until(is_gone)
    bad = await rescind("topics", "check")

    assert (good.code, good.out) == (0, "All topics are as they must be.\n")
    assert bad.code == 1
    assert f"{cluster.names.inbox} is missing: run `rescind topics create`" in bad.complaint
    await rescind("topics", "create")


async def test_describe_lists_each_topic_and_what_it_is_for(
    rescind: Command, cluster: Cluster
) -> None:
    said = (await rescind("topics", "describe", "--json")).json

    assert [topic["name"] for topic in said] == [spec.name for spec in topic_specs(cluster.names)]
    assert {topic["partitions"] for topic in said} == {cluster.partitions}
    assert (await rescind("topics", "describe")).out.count("\n") == len(said) + 1


async def test_acls_are_printed_without_asking_a_broker(rescind: Command) -> None:
    said = await rescind("topics", "acls", "--user", "worker=svc-rescind")

    assert said.code == 0
    assert "'User:svc-rescind' --operation Write" in said.out
    assert "'User:rescind-runner' --operation Read" in said.out


async def _delete(bootstrap: str, topics: list[str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.delete_topics(topics)
    await admin.close()
