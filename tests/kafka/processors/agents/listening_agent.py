"""A Faust agent like those of the service, in a process of its own: prints each value it reads."""

import sys
from typing import Any

from rescind.logs import configure_logging
from rescind.processors.on_faust.hosting import host, make_app, wait_for_broker
from rescind.settings import load_settings


def main(topic: str) -> int:
    settings = load_settings()
    app = make_app("listening", settings, wait_for_broker(settings))

    @app.agent(app.topic(topic, value_type=bytes, value_serializer="raw"), name="listening")
    async def listen(stream: Any) -> None:
        async for value in stream:
            sys.stdout.write(f"{value.decode()}\n")
            sys.stdout.flush()

    return host(app)


if __name__ == "__main__":
    configure_logging("WARNING")
    sys.exit(main(*sys.argv[1:]))
