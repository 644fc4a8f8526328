"""The topics: their names, what each must be like, and the cluster's against that."""

from rescind.kafka.topics.access import acl_commands
from rescind.kafka.topics.admin import TopicReport, check_topics, create_topics, describe_topics
from rescind.kafka.topics.names import TopicNames
from rescind.kafka.topics.specs import LANE_RECORD_BYTES_MAX, TopicSpec, record_limits, topic_specs

__all__ = [
    "LANE_RECORD_BYTES_MAX",
    "TopicNames",
    "TopicReport",
    "TopicSpec",
    "acl_commands",
    "check_topics",
    "create_topics",
    "describe_topics",
    "record_limits",
    "topic_specs",
]
