"""Whether the group has given the name of this worker to another one.

A static member that joins takes the place of the one that had its instance id, and the broker
fences that one: it answers its next heartbeat so, if the heartbeat names the instance. aiokafka's
does not. It is told that its member id is unknown, joins again, and takes the place back; two
workers that were given the same name did that to each other for ever. Its commits of offsets, which
name no instance either, must not be what tells it: one of them came before the heartbeat, the first
worker took the name back from the second, and in the end both were gone.
"""

from collections.abc import Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import IllegalGenerationError, UnknownMemberIdError
from aiokafka.protocol.api import Request, RequestStruct
from aiokafka.protocol.commit import OffsetCommitRequest
from aiokafka.protocol.group import HeartbeatRequest, HeartbeatResponse_v1
from aiokafka.protocol.types import Int32, Schema, String

from rescind.kafka.clients.internals import member_id, send_through

__all__ = ["Fencing"]

_FENCED_INSTANCE_ID: Final = 82
_OF_NO_MEMBER: Final = {IllegalGenerationError.errno, UnknownMemberIdError.errno}


class Fencing:
    """Watches a static member's requests to its group. To be made before it joins.

    Attributes:
        is_fenced: whether another member has taken its place. It must not join again.

    """

    def __init__(self, consumer: AIOKafkaConsumer, instance_id: str) -> None:
        self.is_fenced = False
        self._consumer = consumer
        self._instance_id = instance_id
        self._send = send_through(consumer, self._ask)

    async def _ask(self, request: Any) -> Any:
        mine = member_id(self._consumer)
        if isinstance(request, HeartbeatRequest):
            request = _Heartbeat(vars(request), self._instance_id)
        response = await self._send(request)
        if isinstance(request, OffsetCommitRequest):
            _leave_it_to_heartbeats(response)
        # Whoever has joined anew meanwhile is fenced under the member id that it had before.
        is_about_us = mine != "" and mine == member_id(self._consumer)
        if is_about_us and getattr(response, "error_code", 0) == _FENCED_INSTANCE_ID:
            self.is_fenced = True
            if isinstance(request, _Heartbeat):
                # The client would only log that it does not know this error.
                response.error_code = 0
        return response


def _leave_it_to_heartbeats(response: Any) -> None:
    """Take a commit that came from no member of this generation for one that went well."""
    response.topics = [
        (topic, [(place, 0 if code in _OF_NO_MEMBER else code) for place, code in partitions])
        for topic, partitions in response.topics
    ]


class _HeartbeatResponse(HeartbeatResponse_v1):
    API_VERSION = 3


class _HeartbeatV3(RequestStruct):
    API_KEY = 12
    API_VERSION = 3
    RESPONSE_TYPE = _HeartbeatResponse
    SCHEMA = Schema(
        ("group", String("utf-8")),
        ("generation_id", Int32),
        ("member_id", String("utf-8")),
        ("group_instance_id", String("utf-8")),
    )


class _Heartbeat(Request[_HeartbeatV3]):
    """The client's own heartbeat, with the name of the instance."""

    API_KEY = 12

    def __init__(self, said: Mapping[str, Any], instance_id: str) -> None:
        self._said = said
        self._instance_id = instance_id

    def build(self, request_struct_class: type[_HeartbeatV3]) -> _HeartbeatV3:
        said = self._said
        return request_struct_class(
            said["_group"], said["_generation_id"], said["_member_id"], self._instance_id
        )
