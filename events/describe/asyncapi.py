"""The AsyncAPI 3.0 document: the wire for tools that make clients and pages of it.

Seen from the service: it receives what the lanes carry and sends the rest. Payloads are named
in the JSON Schemas that stand beside this document, and not repeated.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from rescind.events.cancellations import ABOUT_HEADER
from rescind.events.describe.channels import CHANNELS, Channel, Message
from rescind.events.describe.jsonschema import Schema
from rescind.events.refusals import Code
from rescind.events.signature import SIGNATURE_HEADER

__all__ = ["PREFIX", "asyncapi"]

PREFIX: Final = "rescind."

_BINDING: Final = "0.5.0"

# What Kafka has as text is a number or a list for whoever reads the document.
_NUMBERS: Final = {
    "retention.ms",
    "retention.bytes",
    "delete.retention.ms",
    "max.message.bytes",
}

_CLOUD_EVENT: Final[dict[str, Schema]] = {
    "ce_specversion": {"const": "1.0"},
    "ce_id": {"type": "string", "description": "Unique within the source."},
    "ce_type": {"type": "string", "description": "As flow.cancelling.v1."},
    "ce_source": {
        "type": "string",
        "format": "uri-reference",
        "description": "/rescind/ and the partition.",
    },
    "ce_time": {"type": "string", "format": "date-time"},
    "ce_subject": {"type": "string", "description": "What it is about: a run, or a runner."},
    "content-type": {"const": "application/json"},
}

_SERVERS: Final[Schema] = {
    "kafka": {
        "host": "{bootstrap}",
        "protocol": "kafka",
        "description": "Any Apache Kafka that has the topics (`rescind topics create`).",
        "variables": {
            "bootstrap": {
                "default": "127.0.0.1:19092",
                "description": "RESCIND_BOOTSTRAP; the embedded broker else.",
            }
        },
    }
}


def asyncapi(settings: Mapping[str, Mapping[str, str]], version: str) -> Schema:
    """The document.

    Args:
        settings: Kafka's settings of each topic, by the topic's name without the prefix.
        version: of the release that it describes.

    """
    messages = {message.name: message for channel in CHANNELS for message in channel.messages}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Rescind",
            "version": version,
            "description": (
                "Cancels work that is already running, and proves what it did. A stranger can "
                'cancel with one record: {"type":"flow.cancel","flow_run_id":"..."} to '
                "rescind.stop-requests, without headers, with or without a key."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": _SERVERS,
        "channels": {
            channel.name: _channel(channel, settings[channel.name]) for channel in CHANNELS
        },
        "operations": {_operation_id(channel): _operation(channel) for channel in CHANNELS},
        "components": {
            "parameters": {
                "prefix": {
                    "default": PREFIX,
                    "description": "RESCIND_TOPIC_PREFIX, the same for all topics.",
                }
            },
            "schemas": _headers(),
            "messages": {name: _message(message) for name, message in messages.items()},
        },
    }


def _channel(channel: Channel, settings: Mapping[str, str]) -> Schema:
    return {
        "address": f"{{prefix}}{channel.name}",
        "description": (
            f"{channel.about} Key: {channel.key}. Cleanup: {settings['cleanup.policy']}. "
            f"Written by: {channel.written_by}. Read by: {channel.read_by}."
        ),
        "parameters": {"prefix": {"$ref": "#/components/parameters/prefix"}},
        "messages": {
            message.name: {"$ref": f"#/components/messages/{message.name}"}
            for message in channel.messages
        },
        "bindings": {
            "kafka": {
                "topicConfiguration": _configuration(settings),
                "bindingVersion": _BINDING,
            }
        },
    }


def _configuration(settings: Mapping[str, str]) -> Schema:
    """The part of a topic's settings that the binding has a place for."""
    known: Schema = {"cleanup.policy": settings["cleanup.policy"].split(",")}
    known.update((name, int(settings[name])) for name in sorted(_NUMBERS) if name in settings)
    return known


def _operation_id(channel: Channel) -> str:
    return channel.action + channel.name.title().replace("-", "")


def _operation(channel: Channel) -> Schema:
    return {
        "action": channel.action,
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "summary": channel.about,
    }


def _message(message: Message) -> Schema:
    made: Schema = {
        "name": message.name,
        "summary": message.about.partition("\n")[0],
        "payload": {"$ref": f"./{message.payload}"} if message.payload else {},
        "bindings": {"kafka": {"key": {"type": "string"}, "bindingVersion": _BINDING}},
    }
    if message.headers is not None:
        made["headers"] = {"$ref": f"#/components/schemas/{message.headers}Headers"}
    return made


def _headers() -> dict[str, Schema]:
    signature: Schema = {
        "type": "string",
        "description": "v1, the key's id, and the HMAC-SHA256 of the value: of the service alone.",
    }
    code: Schema = {"enum": [code.value for code in Code]}
    said = {
        "rescind-code": code,
        "rescind-why": {"type": "string"},
        "rescind-position": {"type": "string", "description": "Topic, partition and offset."},
    }
    truncated: Schema = {
        "type": "string",
        "description": "How many bytes it had, or its batch, of which this is the beginning.",
    }
    about: Schema = {
        "type": "string",
        "description": "JSON: name, namespace and labels of the flow run, and who asked for its "
        "cancellation and why. In `cancellations`, where it begins and ends.",
    }
    return {
        "CloudEventHeaders": _object(
            "Of a CloudEvent 1.0 in binary mode. The value holds everything that they say.",
            {**_CLOUD_EVENT, ABOUT_HEADER: about},
            _CLOUD_EVENT,
        ),
        "RequestHeaders": _object(
            "None is needed. Those of a CloudEvent that are there have to agree with the value.",
            {**_CLOUD_EVENT, SIGNATURE_HEADER: signature},
            (),
        ),
        "DeadHeaders": _object(
            "Those that it came with, and why it is here.",
            {**said, "rescind-truncated": truncated},
            said,
        ),
    }


def _object(about: str, properties: Mapping[str, Schema], required: Iterable[str]) -> Schema:
    made: Schema = {"type": "object", "description": about, "properties": dict(properties)}
    if names := list(required):
        made["required"] = names
    return made
