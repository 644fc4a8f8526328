"""What the service asks of itself: a request on the stop lane, signed with its key."""

from collections.abc import Mapping

from rescind.events.requests import AnyRequest, write_request
from rescind.events.signature import SIGNATURE_HEADER, sign
from rescind.kafka.records import OutRecord
from rescind.kafka.topics import TopicNames

__all__ = ["signed"]


def signed(
    request: AnyRequest, partition: int, topics: TopicNames, keys: Mapping[str, bytes]
) -> OutRecord:
    """The record of a request to one partition; of the keys, by their ids, the first signs."""
    value = write_request(request)
    key_id, key = next(iter(keys.items()))
    headers = ((SIGNATURE_HEADER, sign(value, key_id, key)),)
    return OutRecord(topics.stop_requests, request.stream_id.encode(), value, headers, partition)
