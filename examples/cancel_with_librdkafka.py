"""Cancel a flow run and read its end with nothing of Rescind but its topics.

    pip install confluent-kafka
    python examples/cancel_with_librdkafka.py 127.0.0.1:19092 FLOW_RUN_ID

One record is a whole request. The partition does not matter: librdkafka hashes keys differently
from Java, and what lies on the wrong partition is sent on to the right one.
"""

import json
import os
import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

PREFIX = os.environ.get("RESCIND_TOPIC_PREFIX", "rescind.")
WAIT_SECONDS = 120


def cancel(bootstrap: str, flow_run_id: str) -> None:
    """Ask, and wait until the broker has it."""
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True})
    request = {"type": "flow.cancel", "flow_run_id": flow_run_id, "reason": "asked by librdkafka"}
    producer.produce(f"{PREFIX}stop-requests", key=flow_run_id, value=json.dumps(request))
    producer.flush()


def final_state(bootstrap: str, flow_run_id: str) -> str | None:
    """Follow the state topic until the flow run is over; None when that takes too long.

    Partitions are assigned, not subscribed to: whoever may ask has no right to any group.
    """
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "unused",  # librdkafka wants one; nothing joins it or commits to it.
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
        }
    )
    topic = f"{PREFIX}flow-states"
    try:
        partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        consumer.assign([TopicPartition(topic, each, OFFSET_BEGINNING) for each in partitions])
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            message = consumer.poll(1.0)
            if message is None or message.error() or message.key() != flow_run_id.encode():
                continue
            value = message.value()
            state = json.loads(value) if value else {}
            if state.get("is_finished"):
                return str(state["state"])
        return None
    finally:
        consumer.close()


def main() -> int:
    """The command."""
    bootstrap, flow_run_id = sys.argv[1:3]
    cancel(bootstrap, flow_run_id)
    state = final_state(bootstrap, flow_run_id)
    print(state or f"no end within {WAIT_SECONDS} s")
    return 0 if state else 1


if __name__ == "__main__":
    sys.exit(main())
