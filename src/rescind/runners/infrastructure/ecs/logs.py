"""What a task prints, where its definition sends that to CloudWatch (the driver ``awslogs``).

CloudWatch has one stream for stdout and stderr, in lines, a few seconds late. Other drivers send it
where only they know, which is said in a line.
"""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from rescind.errors import UnavailableError
from rescind.runners.infrastructure.ecs.failures import NoSuchStreamError, failures

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import ContainerDefinitionOutputTypeDef
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_logs.type_defs import GetLogEventsRequestTypeDef

__all__ = ["Stream", "copy_until"]

_LOOK_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Stream:
    """Where one container of one task prints."""

    region: str
    group: str
    name: str

    @classmethod
    def of(
        cls, container: "ContainerDefinitionOutputTypeDef", task_arn: str, region: str
    ) -> Self | None:
        """None: it is not kept in CloudWatch, or under a name that only the engine knows."""
        logging = container.get("logConfiguration")
        if logging is None or logging["logDriver"] != "awslogs":
            return None
        options = logging.get("options", {})
        group, prefix = options.get("awslogs-group"), options.get("awslogs-stream-prefix")
        if not group or not prefix:
            return None
        task = task_arn.rpartition("/")[2]
        name = f"{prefix}/{container.get('name')}/{task}"
        return cls(options.get("awslogs-region") or region, group, name)


def copy_until(
    has_ended: Callable[[], bool], client: "CloudWatchLogsClient", stream: Stream
) -> None:
    """Write its lines to stdout until it has ended, and once more for those that come late."""
    token: str | None = None
    late = False
    while not late:
        # What was said before the end was seen is there when it is asked for after that.
        late = has_ended()
        if late:
            time.sleep(_LOOK_SECONDS)
        # It has printed nothing yet, or CloudWatch is asked too much.
        with suppress(NoSuchStreamError, UnavailableError):
            token = _copy(client, stream, token)
        if not late:
            time.sleep(_LOOK_SECONDS)


def _copy(client: "CloudWatchLogsClient", stream: Stream, token: str | None) -> str:
    """All that is there after that token; the token after it."""
    while True:
        asked: GetLogEventsRequestTypeDef = {
            "logGroupName": stream.group,
            "logStreamName": stream.name,
            "startFromHead": True,
        }
        if token is not None:
            asked["nextToken"] = token
        with failures(f"the logs of {stream.name}"):
            answer = client.get_log_events(**asked)
        for event in answer["events"]:
            sys.stdout.write(f"{event.get('message', '')}\n")
        sys.stdout.flush()
        # The same one again: that was the end.
        before, token = token, answer["nextForwardToken"]
        if token == before:
            return token
