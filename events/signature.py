"""The service's signature on a record: HMAC-SHA256 over the value, named by its key.

A Kafka record shows no principal to its reader, so what only the service may ask, and actors
whom the server attests, carry this header. Keys rotate: the first signs, any of them verifies.
A forwarded record keeps its own signature, or its lack of one.
"""

import hashlib
import hmac
from collections.abc import Mapping

__all__ = ["SIGNATURE_HEADER", "sign", "verify"]

SIGNATURE_HEADER = "rescind-signature"


def sign(value: bytes, key_id: str, key: bytes) -> bytes:
    """The header's value: ``v1 <key id> <hex of the HMAC>``."""
    digest = hmac.new(key, value, hashlib.sha256).hexdigest()
    return f"v1 {key_id} {digest}".encode()


def verify(value: bytes, header: bytes | None, keys: Mapping[str, bytes]) -> bool:
    """Whether the header was made with one of these keys over exactly this value."""
    if header is None:
        return False
    try:
        version, key_id, digest = header.decode("ascii").split(" ")
    except ValueError:
        return False
    key = keys.get(key_id)
    if version != "v1" or key is None:
        return False
    return hmac.compare_digest(hmac.new(key, value, hashlib.sha256).hexdigest(), digest)
