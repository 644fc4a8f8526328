"""The keys by which the service signs what only it may ask.

Set by ``RESCIND_SIGNING_KEYS``; with the embedded broker a key is made by itself, once, in the
data folder, readable by its user only. For a cluster none is made: workers on several machines
must have the same.
"""

import os
import secrets
from pathlib import Path

from rescind.errors import SettingsError
from rescind.settings import Settings

__all__ = ["signing_keys"]


def signing_keys(settings: Settings) -> tuple[bytes, ...]:
    """Return the keys: the first signs, all of them verify. None for a cluster without the setting.

    Raises `SettingsError` if the key of the embedded default cannot be kept.
    """
    if settings.signing_keys:
        return tuple(key.get_secret_value().encode() for key in settings.signing_keys)
    if not settings.is_embedded:
        return ()
    try:
        return (_kept(settings.data_dir / "signing.key"),)
    except OSError as error:
        expected = "a folder where a key can be kept"
        problem = ("RESCIND_DATA_DIR", expected, f"{settings.data_dir} ({error.strerror})")
        raise SettingsError([problem]) from error


def _kept(file: Path) -> bytes:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        made = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write(secrets.token_hex(32))
        try:
            # Unlike a rename, a link does not replace the key that another process has just made.
            os.link(made, file)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return file.read_bytes().strip()
