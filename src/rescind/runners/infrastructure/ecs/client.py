"""The way to AWS: whose account it is, and in which region.

Credentials, profiles, proxies and ``AWS_ENDPOINT_URL`` are boto3's own business, and so is how
often it asks again when it is throttled (``AWS_MAX_ATTEMPTS``).
"""

import os
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from rescind.errors import ExtraMissingError
from rescind.runners.infrastructure.ecs.failures import failures

if TYPE_CHECKING:
    from types_boto3_ecs import ECSClient
    from types_boto3_logs import CloudWatchLogsClient

__all__ = ["Account"]

_WHAT: Final = "AWS"
_CONNECT_SECONDS_MAX: Final = 10
# A stop is one of the slow ones, with an emulator that waits for its container.
_ANSWER_SECONDS_MAX: Final = 60
# As many as are torn down at once.
_CONNECTIONS_MAX: Final = 64


class Account:
    """One account in one region, and the clients that ask there.

    Raises:
        ExtraMissingError: the client's package is not installed.
        InfrastructureError: AWS does not answer, or does not know who asks.

    """

    def __init__(self, region: str | None) -> None:
        try:
            import boto3
            from botocore.config import Config
        except ImportError:
            raise ExtraMissingError("ecs", "boto3") from None
        self._config = Config(
            connect_timeout=_CONNECT_SECONDS_MAX,
            read_timeout=_ANSWER_SECONDS_MAX,
            max_pool_connections=_CONNECTIONS_MAX,
            retries={"mode": "standard"},
        )
        with failures(_WHAT):
            # boto3 itself knows AWS_DEFAULT_REGION only; containers of AWS have the other one.
            # Its `client` has an overload for each service of AWS, most of them without types here.
            self._session: Any = boto3.Session(region_name=region or os.environ.get("AWS_REGION"))
            self.ecs: ECSClient = self._client("ecs")
            self.region: str = self.ecs.meta.region_name
            try:
                self.number = self._number()
            except BaseException:
                self.close()
                raise

    def logs(self, region: str) -> "CloudWatchLogsClient":
        """Of the logs, which may be kept in another region."""
        logs: CloudWatchLogsClient = self._client("logs", region_name=region)
        return logs

    def close(self) -> None:
        """Let go of the connections."""
        self.ecs.close()

    def _number(self) -> str:
        with closing(self._client("sts")) as sts:
            return str(sts.get_caller_identity()["Account"])

    def _client(self, service: str, **where: str) -> Any:
        return self._session.client(service, config=self._config, **where)
