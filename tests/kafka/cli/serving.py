"""`rescind server` as a process of its own, beside the command under test."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.kafka.cli.command import Command
from tests.waiting import until

__all__ = ["serving"]


@asynccontextmanager
async def serving(rescind: Command) -> AsyncIterator[httpx.AsyncClient]:
    """Ready, with its read model in the command's data folder."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = await rescind.start("server", RESCIND_HTTP_PORT=str(port), RESCIND_ACCESS="open")
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:

            async def is_ready() -> bool:
                assert process.returncode is None
                try:
                    return (await client.get("/health/ready")).status_code == 200
                except httpx.TransportError:
                    return False

            await until(is_ready, within_seconds=60)
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), 60)
