"""The fan-out of a cancel as a Faust agent: one intent a runner, each send awaited.

It decides nothing, keeps nothing and knows its runners from the request: whatever the real one
would have to do besides makes it slower than this.
"""

import sys
from typing import Any

import orjson

from rescind.kafka.topics import TopicNames
from rescind.logs import configure_logging
from rescind.processors.on_faust.hosting import host, make_app, wait_for_broker
from rescind.settings import load_settings


def main() -> int:
    settings = load_settings()
    names = TopicNames(settings.topic_prefix)
    app = make_app("fan-out", settings, wait_for_broker(settings))
    requests = app.topic(names.stop_requests, value_type=bytes, value_serializer="raw")
    inbox = app.topic(
        names.inbox,
        key_type=bytes,
        key_serializer="raw",
        value_type=bytes,
        value_serializer="raw",
    )

    @app.agent(requests, concurrency=1, name="fan-out")
    async def fan_out(stream: Any) -> None:
        async for event in stream.events():
            request = orjson.loads(event.value)
            for runner_id in request["runners"]:
                sent = await inbox.send(
                    key=runner_id.encode(),
                    value=_intent(request, runner_id),
                    partition=event.message.partition,
                )
                # The first waits for the buffer, the second for Kafka.
                await sent

    return host(app)


def _intent(request: dict[str, Any], runner_id: str) -> bytes:
    intent = {
        "flow_run_id": request["flow_run_id"],
        "cancellation_id": "stop-0-0-0",
        "mode": "graceful",
        "grace_seconds": 30.0,
        "deadline_at": "2026-01-01T00:00:00.000Z",
        "reason": request["reason"],
        "actor": request["actor"],
    }
    return orjson.dumps({"type": "inbox.v1", "runner_id": runner_id, "cancel_flow": [intent]})


if __name__ == "__main__":
    configure_logging("WARNING")
    sys.exit(main())
