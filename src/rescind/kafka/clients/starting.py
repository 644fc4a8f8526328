"""Starts a client of aiokafka, which cannot be tried twice: a new one is made for each try."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError, TransactionalIdAuthorizationFailed

from rescind.errors import BrokerRefusedError, BrokerUnavailableError
from rescind.kafka.clients.internals import pace_metadata
from rescind.kafka.clients.refusing import remedy_of
from rescind.kafka.connection import Connection

__all__ = ["started"]

log = logging.getLogger(__name__)

_BACKOFF_SECONDS_MAX: Final = 2.0
_TRY_SECONDS_MAX: Final = 15.0
_FINISH_SECONDS_MAX: Final = 2.0


C = TypeVar("C", AIOKafkaConsumer, AIOKafkaProducer)


async def started(
    make: Callable[[], C],
    discard: Callable[[C], Awaitable[None]],
    connection: Connection,
    wait_seconds: float,
) -> C:
    """Return a client that has started, trying with back-off for so long (``math.inf``: ever).

    Raises `BrokerUnavailableError` with the last reason; `BrokerRefusedError` at once.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + wait_seconds
    backoff = 0.05
    said = False
    while True:
        client = make()
        pace_metadata(client)
        try:
            await _start(client, min(_TRY_SECONDS_MAX, max(1.0, end - loop.time())))
        except (KafkaError, OSError, TimeoutError) as error:
            await discard(client)
            why = str(error) or type(error).__name__
            if remedy := remedy_of(error):
                raise BrokerRefusedError(connection.bootstrap, why, remedy) from error
            is_final = isinstance(error, TransactionalIdAuthorizationFailed)
            if is_final or loop.time() + backoff > end:
                raise BrokerUnavailableError(connection.bootstrap, why) from error
            if not said:
                log.warning("waiting for Kafka at %s: %s", connection.bootstrap, error)
                said = True
            await asyncio.sleep(backoff)
            backoff = min(2 * backoff, _BACKOFF_SECONDS_MAX)
        except BaseException:
            await discard(client)
            raise
        else:
            if said:
                log.warning("Kafka at %s answers", connection.bootstrap)
            return client


async def _start(client: AIOKafkaConsumer | AIOKafkaProducer, seconds: float) -> None:
    """Start it within so long; who gives up waiting lets the try that has begun come to its end.

    aiokafka forgets the connection that it is just opening when it is interrupted, and the
    socket stays open: two of 150 interrupted starts had left one.
    """
    starting = asyncio.ensure_future(client.start())
    try:
        async with asyncio.timeout(seconds):
            await asyncio.shield(starting)
    except BaseException:
        await asyncio.wait([starting], timeout=_FINISH_SECONDS_MAX)
        starting.cancel()
        await asyncio.wait([starting])
        if not starting.cancelled():
            starting.exception()
        raise
