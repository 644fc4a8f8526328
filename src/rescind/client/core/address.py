"""Where the server is, and how ids stand in its paths."""

import ipaddress
import re
from typing import Final
from urllib.parse import quote, urlsplit

from rescind.errors import CallError

__all__ = [
    "DEFAULT_URL",
    "base_of",
    "is_this_machine",
    "path_of",
    "require_id",
    "require_text",
    "require_token",
    "without_secrets",
]

DEFAULT_URL: Final = "http://127.0.0.1:19080"

_API: Final = "/api/v1"
_NONE_OF_THESE: Final = re.compile(r"[/\x00-\x1f\x7f-\x9f]")


def base_of(url: str) -> str:
    """The URL without a slash at its end. Raises `CallError` if it is none of a server."""
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    else:
        is_one = is_one and not parts.query and not parts.fragment
    if not is_one or url != url.strip():
        raise CallError("url", f"the address of a server, such as {DEFAULT_URL}", repr(url))
    return url.rstrip("/")


def without_secrets(base: str) -> str:
    """The same for errors and logs: who asks a proxy by a password has it in there."""
    scheme, _, rest = base.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def is_this_machine(base: str) -> bool:
    """Whether only this machine can answer there: then no proxy can."""
    host = urlsplit(base).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def path_of(*parts: str, **ids: str) -> str:
    """The path below the API; ``{name}`` in a part stands for the id of that name.

    Raises `CallError` if an id is one that no path can hold.
    """
    held = {name: _segment(name, value) for name, value in ids.items()}
    return _API + "".join(parts).format(**held)


def require_id(name: str, value: str) -> None:
    """Raises `CallError` if it is none that any run could have."""
    if not value or len(value) > 128 or value.startswith("@") or _NONE_OF_THESE.search(value):
        expected = "an id: 1 to 128 characters, no control characters, no '/', no '@' at first"
        raise CallError(name, expected, repr(value))
    require_text(name, value)


def require_text(name: str, value: str) -> None:
    """Raises `CallError` if it cannot be written: half of a surrogate pair."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise CallError(name, "text that UTF-8 can write", ascii(value)) from None


def require_token(token: str) -> str:
    """The token. Raises `CallError`, which does not repeat it, if no header can hold it."""
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        got = "empty" if not token else "something else, which is not repeated here"
        raise CallError("token", "one that `rescind tokens create` has made", got)
    return token


def _segment(name: str, value: str) -> str:
    require_id(name, value)
    written = quote(value, safe="")
    # As a segment these mean the path above: a cancel of task run ".." would be one of its flow
    # run's. `quote` leaves dots as they are.
    return written.replace(".", "%2E") if value in {".", ".."} else written
