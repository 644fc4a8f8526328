"""The service's signing keys: from the settings, or made by itself for the embedded broker."""

import contextlib
import hashlib
import secrets
import tempfile

from rescind.errors import SettingsError
from rescind.settings import Settings

__all__ = ["signing_keys"]


def signing_keys(settings: Settings) -> dict[str, bytes]:
    """The keys by their ids, the one that signs first.

    Raises:
        SettingsError: a cluster is named and no key is set, so every process would have its own.

    """
    keys = [key.get_secret_value().encode() for key in settings.signing_keys]
    if not keys:
        if not settings.is_embedded:
            raise SettingsError(
                [
                    (
                        "RESCIND_SIGNING_KEYS",
                        "one secret of 16 characters or more, the same for all processes",
                        None,
                    )
                ]
            )
        keys = [_own_key(settings)]
    return {_key_id(key): key for key in keys}


def _key_id(key: bytes) -> str:
    # Names the key without telling it.
    return hashlib.sha256(b"rescind key id" + key).hexdigest()[:12]


def _own_key(settings: Settings) -> bytes:
    path = settings.data_dir / "signing.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # A file of its own name, which nobody else may read. A link either is the whole file or
        # fails: of several that start at once, one makes the key and the others read it.
        with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="ascii") as made:
            made.write(secrets.token_hex(32))
            made.flush()
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(made.name)
    return path.read_bytes()
