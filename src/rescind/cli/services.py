"""`rescind worker`, `agents` and `server`: this process becomes one of the service's.

They wait for a broker as long as it takes, and end by a signal or by what cannot be mended here;
whoever started them starts them again. What is wrong with the cluster is said before they begin.
"""

import os
from collections.abc import Callable

import structlog

import rescind
from rescind.cli.debugging import debugging
from rescind.cli.importing import importing
from rescind.cli.looping import in_loop
from rescind.cli.session import needs_extra
from rescind.errors import TopicsError
from rescind.kafka.clients.client_logs import calm_client_logs
from rescind.kafka.connection import connect
from rescind.kafka.topics import TopicNames, check_topics, topic_specs
from rescind.kafka.versions import wait_for_supported_broker
from rescind.logs import configure_logging
from rescind.settings import Settings, load_settings, unknown_variables
from rescind.tracing.exporting import traced

__all__ = ["begin", "serve_agents", "serve_http", "serve_worker", "until_usable"]

_log = structlog.get_logger(__name__)


def serve_worker() -> int:
    """Raises `BrokerUnsupportedError`, `TopicsError`, `SettingsError`, or `ExtraMissingError`."""
    needs_extra("service", "faust", "transitions")
    with importing():
        from rescind.processors.app import run_worker

    return _serve(run_worker, "rescind-worker")


def serve_agents() -> int:
    """Raises `BrokerUnsupportedError`, `TopicsError`, `SettingsError`, or `ExtraMissingError`."""
    needs_extra("service", "faust", "transitions")
    with importing():
        from rescind.processors.app import run_agents

    return _serve(run_agents, "rescind-agents")


def serve_http() -> int:
    """It does not wait for a broker: whoever asks meanwhile is told that Kafka is away.

    Raises `SettingsError` or `ExtraMissingError`.
    """
    needs_extra("service", "fastapi", "sqlalchemy", "uvicorn")
    with importing():
        from rescind.server.serving import serve

    settings = begin("rescind-server")
    with traced("rescind-server"):
        return serve(settings)


def _serve(run: Callable[[Settings], int], service: str) -> int:
    settings = begin(service)
    in_loop(until_usable(settings))
    with traced(service):
        return run(settings)


def begin(service: str) -> Settings:
    """What a service says first, in the one format of its log: which it is, and its settings."""
    level = "DEBUG" if debugging.get() else "INFO"
    configure_logging(level)
    calm_client_logs()
    settings = load_settings()
    if settings.log_format is not None:
        # Of the file: the variable was heard before.
        configure_logging(level, json=settings.log_format == "json")
    _log.info("the service starts", service=service, version=rescind.__version__, pid=os.getpid())
    _log.info("these are the settings", **settings.printable())
    for sentence in unknown_variables():
        _log.warning("a variable changes nothing", what=sentence)
    return settings


async def until_usable(settings: Settings) -> None:
    """Wait for a broker; topics that are missing end the start, those that differ are named."""
    connection = connect(settings)
    await wait_for_supported_broker(connection)
    differences = await check_topics(connection, topic_specs(TopicNames(settings.topic_prefix)))
    if missing := [sentence for sentence in differences if "is missing" in sentence]:
        prefix = f"{settings.topic_prefix!r}"
        many = [f"{len(missing)} with the prefix {prefix} are missing: run `rescind topics create`"]
        raise TopicsError(missing if len(missing) == 1 else many)
    for sentence in differences:
        _log.warning("a topic differs from what it must be", what=sentence)
