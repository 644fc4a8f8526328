"""What every process on Faust shares: its app, its worker, and how it begins and ends.

Faust gives the life cycle: services that start and stop in order, agents, timers, signals. It
waits for no broker, so this does before Faust starts; and its own logging set-up is left out,
since one process must not speak in two formats.
"""

import asyncio
import logging
import os
import ssl
import threading
from typing import Any

import faust
import structlog
from faust.types.auth import AuthProtocol
from mode import Service

from rescind.kafka.connection import Connection, connect
from rescind.kafka.versions import wait_for_supported_broker
from rescind.processors.on_faust.committed import CommittedApp
from rescind.settings import Settings

__all__ = ["host", "make_app", "wait_for_broker"]

DRAIN_SECONDS_MAX = 12.0
# Faust's 60 s are longer than a runner may be silent: what a dead process of agents has listened
# to must be heard by another one well before that.
SESSION_SECONDS = 10.0

_log = structlog.get_logger(__name__)

# Otherwise some sixty lines say that parts of Faust start and stop. Services read it when they
# are made.
Service.mundane_level = "debug"
for _noisy in ("faust", "mode"):
    logging.getLogger(_noisy).setLevel(logging.WARNING)
# It warns at each drain that it flushes a buffer.
logging.getLogger(CommittedApp.__module__).setLevel(logging.ERROR)


class _Worker(faust.Worker):
    def _schedule_shutdown(self, signal: Any) -> None:
        # Seen after a restart of the broker: Faust's consumer waits for ever to be stopped.
        giving_up = threading.Timer(DRAIN_SECONDS_MAX, _give_up)
        giving_up.daemon = True
        giving_up.start()
        super()._schedule_shutdown(signal)

    def _setup_logging(self) -> None:
        """Logging was set up before; Faust's would put the root logger on DEBUG at ``warn``."""


def _give_up() -> None:
    """End this process as kill -9 would, which is always safe, only later than it should be."""
    _log.error("the drain takes too long: going without it", seconds=DRAIN_SECONDS_MAX)
    os._exit(1)


def make_app(name: str, settings: Settings, connection: Connection) -> CommittedApp:
    """A Faust app without tables, web, leader, or topics of its own."""
    return CommittedApp(
        f"{settings.topic_prefix}{name}",
        broker=[f"kafka://{address}" for address in connection.bootstrap.split(",")],
        broker_credentials=_credentials(connection),
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        web_enabled=False,
        broker_commit_interval=1.0,
        broker_session_timeout=SESSION_SECONDS,
        stream_wait_empty=False,
        producer_linger=0,
    )


def _credentials(connection: Connection) -> Any:
    context: ssl.SSLContext | None = connection.ssl_context
    if connection.security_protocol == "SSL":
        return faust.SSLCredentials(context=context)
    if connection.security_protocol.startswith("SASL"):
        credentials = faust.SASLCredentials(
            username=connection.sasl_username,
            password=connection.sasl_password,
            mechanism=connection.sasl_mechanism,
            ssl_context=context,
        )
        credentials.protocol = AuthProtocol(connection.security_protocol)
        return credentials
    return None


def wait_for_broker(settings: Settings) -> Connection:
    """The way to Kafka, once it answers; as long as that takes.

    Raises:
        BrokerUnsupportedError: what answers is too old or too new.

    """
    connection = connect(settings)
    asyncio.run(wait_for_supported_broker(connection))
    return connection


def host(app: CommittedApp, *services: Service) -> int:
    """Run an app until it is told to stop or fails; the exit code of the process.

    SIGTERM and SIGINT drain: services are stopped in order before this returns.
    """
    worker = _Worker(app, *services, redirect_stdouts=False, quiet=True, loglevel="INFO")
    worker.spinner = None  # It writes to a terminal's cursor even when there is no terminal.
    try:
        worker.execute_from_commandline()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
