"""The signature of a webhook, as Standard Webhooks has it.

    webhook-id, webhook-timestamp
    webhook-signature: v1,<base64 of HMAC-SHA256 over "id.timestamp.body"> v1,<by another secret>

Each secret signs, so a receiver that knows one of them can verify while they are changed.
"""

import base64
import hmac
from collections.abc import Iterable, Mapping
from typing import Final

__all__ = ["ID", "SIGNATURE", "TIMESTAMP", "TOLERANCE_SECONDS", "is_signed_by", "signed_headers"]

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"
TOLERANCE_SECONDS: Final = 300
"""How old a signature may be for a receiver: what is repeated later by a stranger is refused."""


def signed_headers(
    event_id: str, at_seconds: int, body: bytes, keys: Iterable[bytes]
) -> dict[str, str]:
    """The three headers; `at_seconds` is when it is sent, since 1970."""
    signatures = (f"v1,{_signature(event_id, at_seconds, body, key)}" for key in keys)
    return {ID: event_id, TIMESTAMP: str(at_seconds), SIGNATURE: " ".join(signatures)}


def is_signed_by(headers: Mapping[str, str], body: bytes, key: bytes, now_seconds: int) -> bool:
    """Whether one of the signatures is by this key, and not too old: what receivers do."""
    try:
        at_seconds = int(headers[TIMESTAMP])
        event_id, signatures = headers[ID], headers[SIGNATURE].split()
    except (KeyError, ValueError):
        return False
    if abs(now_seconds - at_seconds) > TOLERANCE_SECONDS:
        return False
    expected = f"v1,{_signature(event_id, at_seconds, body, key)}".encode()
    return any(hmac.compare_digest(each.encode(), expected) for each in signatures)


def _signature(event_id: str, at_seconds: int, body: bytes, key: bytes) -> str:
    signed = b".".join((event_id.encode(), str(at_seconds).encode(), body))
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
