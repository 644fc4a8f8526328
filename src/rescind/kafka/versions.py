"""Which Kafka answers, and whether this release works with it.

A broker does not say its version. It says which levels of the cluster's metadata it can
handle, and each release adds some; the highest one gives the release away, however old the
level is that the cluster has been set to.
"""

import asyncio
import io
import logging
from typing import Any, ClassVar, Final

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError
from aiokafka.protocol.api import Request, RequestStruct, Response, ResponseHeader_v0
from aiokafka.protocol.types import CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

from rescind.errors import BrokerRefusedError, BrokerUnavailableError, BrokerUnsupportedError
from rescind.kafka.clients.refusing import remedy_of
from rescind.kafka.connection import Connection

__all__ = ["SUPPORTED", "require_supported_broker", "wait_for_supported_broker"]

log = logging.getLogger(__name__)

SUPPORTED: Final = "4.1 to 4.4"

# The first level of `metadata.version` that each release can handle (MetadataVersion.java of
# each; read from the released jars).
_FIRST_LEVELS: Final = (("4.0", 22), ("4.1", 26), ("4.2", 28), ("4.3", 30), ("4.4", 31))
_OLDEST: Final = 26
_NEWEST: Final = 33

_BACKOFF_SECONDS_MAX: Final = 5.0


async def require_supported_broker(connection: Connection, *, wait_seconds: float = 10.0) -> str:
    """Return the release that answers, such as ``4.4``.

    Raises:
        BrokerUnavailableError: nothing answered for ``wait_seconds``.
        BrokerRefusedError: it answers, and does not let us in.
        BrokerUnsupportedError: what answers is too old or too new.

    """
    backoff = 0.1
    end = asyncio.get_running_loop().time() + wait_seconds
    while True:
        try:
            level = await _metadata_level(connection)
        except (OSError, KafkaError, TimeoutError) as error:
            if remedy := remedy_of(error):
                raise BrokerRefusedError(connection.bootstrap, _reason(error), remedy) from error
            if asyncio.get_running_loop().time() + backoff > end:
                raise BrokerUnavailableError(connection.bootstrap, _reason(error)) from error
            await asyncio.sleep(backoff)
            backoff = min(2 * backoff, _BACKOFF_SECONDS_MAX)
        else:
            return _supported_release(connection, level)


async def wait_for_supported_broker(connection: Connection) -> str:
    """As `require_supported_broker`, but wait for as long as it takes, and say so once.

    Raises `BrokerRefusedError` and `BrokerUnsupportedError`: it would wait for ever.
    """
    try:
        return await require_supported_broker(connection, wait_seconds=0)
    except BrokerRefusedError:
        raise
    except BrokerUnavailableError as error:
        log.warning("waiting for Kafka: %s", error)
    while True:
        try:
            release = await require_supported_broker(connection, wait_seconds=60)
        except BrokerRefusedError:
            raise
        except BrokerUnavailableError:
            continue
        log.warning("Kafka %s answers at %s", release, connection.bootstrap)
        return release


def _supported_release(connection: Connection, level: int | None) -> str:
    if level is None:
        found = "something that does not say which release it is"
        raise BrokerUnsupportedError(connection.bootstrap, found, SUPPORTED)
    release = next((name for name, first in reversed(_FIRST_LEVELS) if level >= first), "older")
    if level < _OLDEST:
        raise BrokerUnsupportedError(connection.bootstrap, f"Kafka {release}", SUPPORTED)
    if level > _NEWEST:
        raise BrokerUnsupportedError(connection.bootstrap, "a newer Kafka", SUPPORTED)
    return release


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__


async def _metadata_level(connection: Connection) -> int | None:
    """Ask the first address that answers for the highest metadata level that it can handle."""
    last: Exception = OSError("no address")
    for address in connection.bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        options = connection.options()
        del options["bootstrap_servers"]
        try:
            broker: Any = await create_conn(
                host.strip("[]"), int(port), request_timeout_ms=5000, **options
            )
        except (OSError, KafkaError, TimeoutError) as error:
            last = error
            continue
        try:
            response = await broker.send(_ApiVersions())
        except (KafkaError, TimeoutError) as error:
            last = error
            continue
        finally:
            broker.close()
        return _highest_level(response.tags)
    raise last


def _highest_level(tags: dict[int, bytes]) -> int | None:
    if 0 not in tags:
        return None
    for name, _lowest, highest, _ in _FEATURES.decode(io.BytesIO(tags[0])) or []:
        if name == "metadata.version":
            return int(highest)
    return None


_FEATURES = CompactArray(
    ("name", CompactString("utf-8")), ("lowest", Int16), ("highest", Int16), ("tags", TaggedFields)
)


class _ApiVersionsResponse(Response):
    # aiokafka declares both as properties, and sets them as its own classes do here.
    API_KEY = 18  # pyright: ignore[reportIncompatibleMethodOverride, reportAssignmentType]
    API_VERSION = 3  # pyright: ignore[reportIncompatibleMethodOverride, reportAssignmentType]
    SCHEMA = Schema(
        ("error_code", Int16),
        (
            "api_versions",
            CompactArray(
                ("api_key", Int16), ("lowest", Int16), ("highest", Int16), ("tags", TaggedFields)
            ),
        ),
        ("throttle_time_ms", Int32),
        ("tags", TaggedFields),
    )


class _ApiVersionsV3(RequestStruct):
    # aiokafka asks with version 2, whose answer has no features.
    API_KEY = 18
    API_VERSION = 3
    FLEXIBLE_VERSION: ClassVar[bool] = True
    RESPONSE_TYPE = _ApiVersionsResponse
    SCHEMA = Schema(
        ("client_software_name", CompactString("utf-8")),
        ("client_software_version", CompactString("utf-8")),
        ("tags", TaggedFields),
    )

    def parse_response_header(self, read_buffer: Any) -> ResponseHeader_v0:
        # The one answer that has the old header in every version, so that a client that
        # knows nothing yet of the broker can read it.
        return ResponseHeader_v0.decode(read_buffer)


class _ApiVersions(Request[_ApiVersionsV3]):
    API_KEY = 18

    def build(self, request_struct_class: type[_ApiVersionsV3]) -> _ApiVersionsV3:
        return request_struct_class("rescind", "1", {})
