"""What nearly every command begins with: the settings, a broker that answers, the topics' names."""

import logging
import sys
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final

from rescind.cli.debugging import debugging
from rescind.cli.looping import in_loop
from rescind.cli.printing.output import Output
from rescind.errors import ExtraMissingError
from rescind.kafka.connection import Connection, connect
from rescind.kafka.topics import TopicNames
from rescind.kafka.versions import require_supported_broker
from rescind.logs import configure_logging
from rescind.settings import Settings, load_settings, unknown_variables

__all__ = ["Session", "needs_extra", "open_session", "read_settings", "run"]

_WAIT_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Session:
    """Where a command works. ``release`` is the broker's, such as ``4.4``."""

    settings: Settings
    connection: Connection
    names: TopicNames
    release: str


def read_settings(**overrides: Any) -> Settings:
    """The settings for a command that a person types; a variable that changes nothing is told.

    Raises `SettingsError`.
    """
    output = Output()
    for sentence in unknown_variables():
        output.complain(sentence)
    return load_settings(**overrides)


async def open_session(settings: Settings | None = None) -> Session:
    """Find Kafka by the settings or by the state file of ``rescind up``.

    Raises `SettingsError`, `BrokerUnavailableError` after five seconds, `BrokerUnsupportedError`.
    """
    settings = settings or read_settings()
    connection = connect(settings)
    release = await require_supported_broker(connection, wait_seconds=_WAIT_SECONDS)
    return Session(settings, connection, TopicNames(settings.topic_prefix), release)


def run(command: Coroutine[Any, Any, int]) -> int:
    """Run a command that asks or looks; what its Kafka client would say is for ``--debug``."""
    if debugging.get():
        configure_logging("INFO")
    else:
        configure_logging("ERROR")
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    return in_loop(command)


def needs_extra(extra: str, *modules: str) -> None:
    """Say which extra to install, before an import of ours fails in the middle of it.

    Raises `ExtraMissingError`.
    """
    from importlib.util import find_spec

    for module in modules:
        # Faust, once imported, has no spec any more, and asking for that raises.
        if module not in sys.modules and find_spec(module) is None:
            raise ExtraMissingError(extra, module)
