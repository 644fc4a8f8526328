"""The topics on a real broker: made once, compared in full, explained."""

import dataclasses

from rescind.kafka.topics import (
    TopicNames,
    acl_commands,
    check_topics,
    create_topics,
    describe_topics,
    topic_specs,
)
from tests.conftest import Cluster


async def test_topics_just_made_are_as_they_must_be(cluster: Cluster) -> None:
    assert await check_topics(cluster.connection, topic_specs(cluster.names), partitions=2) == []


async def test_making_them_again_makes_nothing(cluster: Cluster) -> None:
    specs = topic_specs(cluster.names)
    assert await create_topics(cluster.connection, specs, partitions=2, replicas=None) == []


async def test_missing_topics_are_named_with_the_remedy(bootstrap: str, cluster: Cluster) -> None:
    elsewhere = topic_specs(TopicNames(cluster.names.prefix + "nowhere."))
    found = await check_topics(cluster.connection, elsewhere)
    assert len(found) == len(elsewhere)
    assert all("rescind topics create" in sentence for sentence in found)


async def test_another_number_of_partitions_is_a_difference(cluster: Cluster) -> None:
    found = await check_topics(cluster.connection, topic_specs(cluster.names), partitions=3)
    assert len(found) == len(topic_specs(cluster.names))
    assert "RESCIND_PARTITIONS=2" in found[0]


async def test_another_setting_is_a_difference_with_the_command_that_ends_it(
    cluster: Cluster,
) -> None:
    journal, *_ = (s for s in topic_specs(cluster.names) if s.name == cluster.names.journal)
    wanted = dataclasses.replace(journal, config={**journal.config, "retention.ms": "1000"})
    (sentence,) = await check_topics(cluster.connection, (wanted,))
    assert "retention.ms=-1 and not 1000" in sentence
    assert f"--entity-name {cluster.names.journal} --add-config 'retention.ms=[1000]'" in sentence


async def test_a_description_has_what_the_cluster_has(cluster: Cluster) -> None:
    reports = {
        r.spec.name: r
        for r in await describe_topics(cluster.connection, topic_specs(cluster.names))
    }
    lane = reports[cluster.names.stop_requests]
    assert (lane.partitions, lane.replicas) == (2, 1)
    assert lane.config["message.timestamp.type"] == "LogAppendTime"
    assert reports[cluster.names.open_flows].config["cleanup.policy"] == "compact"


def test_a_dead_letter_may_be_larger_than_a_request_by_64_kib() -> None:
    specs = {spec.name: spec for spec in topic_specs(TopicNames(""))}
    lane = specs["stop-requests"].record_bytes_max
    assert lane > 1 << 20
    assert specs["dead-letters"].record_bytes_max == lane + 64 * 1024


def test_only_the_worker_may_write_what_follows_from_decisions() -> None:
    names = TopicNames("p.")
    script = acl_commands(names, "kafka:9092", {"worker": "lifecycle"})
    decided = [names.journal, names.flow_states, names.task_states, names.cancellations]
    decided += [names.open_flows, names.open_tasks, names.runners, names.inbox]
    for topic in decided:
        writers = [
            line
            for line in script.splitlines()
            if "--operation Write" in line and f"--topic '{topic}'" in line
        ]
        assert len(writers) == 1, topic
        assert "User:lifecycle" in writers[0]
    assert "--transactional-id 'p.lifecycle-'" in script
