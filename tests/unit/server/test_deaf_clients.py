"""Clients that ask for events and never take them, on a read model without a Kafka."""

import asyncio
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import orjson
import psutil
from pydantic import SecretStr

from rescind.server.api.means import Means
from rescind.settings import load_settings
from tests.contract.readmodel.tables import told
from tests.scenarios.http.http_following import listening
from tests.waiting import until

# More than all buffers on the way hold: records that are no events are told as they are.
RECORDS: Final = 300
ASKING: Final = b"GET /api/v1/events?after=0:0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LARGE: Final = orjson.dumps({"not": "an event", "but": "x" * 100_000})


DEAF: Final = 40


async def test_who_never_reads_is_dropped_and_holds_nobody_up(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'read-model.db'}"
    with told(url) as model:
        model.tell([LARGE] * RECORDS)
    settings = load_settings(
        bootstrap="127.0.0.1:1", signing_keys="a key of the tests", access="open", http_port=0
    )
    means = Means(settings.model_copy(update={"database_url": SecretStr(url)}))
    memory: list[int] = []

    def is_over() -> bool:
        memory.append(psutil.Process().memory_info().rss)
        return means.streams == 0

    async with listening(means, unread_seconds=1) as server:
        with ExitStack() as deaf:
            before = psutil.Process().memory_info().rss
            for _ in range(DEAF):
                one = deaf.enter_context(socket.create_connection(server.address))
                await asyncio.to_thread(one.sendall, ASKING)
            await until(lambda: means.streams == DEAF)
            async with server.follow(after="0:0") as following:
                await anext(following)
                taken = [(await anext(following))[1]["entry"]["but"] for _ in range(RECORDS)]
            await until(is_over, within_seconds=60)
            assert await server.metric("rescind_http_event_streams") == 0

    assert len("".join(taken)) == RECORDS * 100_000
    # Each of them has asked for 30 MB, and the one that reads has them here now.
    assert max(memory) - before < 8 * RECORDS * 100_000
