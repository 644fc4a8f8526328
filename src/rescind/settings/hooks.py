"""The tables ``[hooks.NAME]`` of the settings: who is told of cancellations, and how insistently.

A part of `rescind.settings`, which reads them. Of a webhook neither the secret nor the address is
ever shown: what comes after the host may be a secret as well.
"""

import base64
import binascii
from typing import Annotated, Any, Final, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    FailFast,
    Field,
    SecretStr,
    StringConstraints,
    field_validator,
    model_validator,
)

from rescind.events.hooks import HookKind

__all__ = ["Hook", "HookName", "hook_problem", "secret_bytes"]

HookName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$")]

_BEGINNING: Final = "whsec_"
_WHAT_IS_ONE: Final = (
    "whsec_ and the base64 of 24 to 64 bytes, as `echo whsec_$(openssl rand -base64 32)` makes one"
)
_TOLD: Final = tuple(kind for kind in HookKind if kind is not HookKind.TEST)

Seconds = Annotated[float, Field(gt=0, le=30 * 86_400, allow_inf_nan=False)]


def _several(given: SecretStr | tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    return given if isinstance(given, tuple) else (given,)


class Hook(BaseModel):
    """One hook: a webhook if it has a `url`, else the entry point of this name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    """Whether it is told anything. Entry points are, as soon as they are installed."""
    url: SecretStr | None = None
    """Where it is posted to. Redirects are not followed: they are failures."""
    secret: SecretStr | Annotated[tuple[SecretStr, ...], Field(max_length=8)] = ()
    """What is signed with, `whsec_…`; of a list, each signs, so that a new one can be added
    before the old one is taken away."""
    events: Annotated[tuple[HookKind, ...], FailFast(), Field(min_length=1)] = _TOLD
    """What it is told."""
    namespaces: tuple[str, ...] = ()
    """Only of flow runs in one of these. Empty: of all."""
    labels: dict[str, str] = Field(default_factory=dict[str, str])
    """Only of flow runs with all of these."""
    timeout_seconds: Annotated[float, Field(ge=0.1, le=60)] = 10
    """What one try may take."""
    retry_seconds: Seconds = 86_400
    """For how long it is tried again, with more and more time between, up to five minutes."""

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not _is_http(url.get_secret_value()):
            raise ValueError("an address as https://HOST/PATH")
        return url

    @field_validator("secret")
    @classmethod
    def _are_secrets(
        cls, given: SecretStr | tuple[SecretStr, ...]
    ) -> SecretStr | tuple[SecretStr, ...]:
        for secret in _several(given):
            if not 24 <= len(secret_bytes(secret) or b"") <= 64:
                raise ValueError(_WHAT_IS_ONE)
        return given

    @field_validator("events")
    @classmethod
    def _are_told(cls, events: tuple[HookKind, ...]) -> tuple[HookKind, ...]:
        if HookKind.TEST in events:
            raise ValueError(f"some of {', '.join(_TOLD)}; a test is only asked for by command")
        return events

    @model_validator(mode="after")
    def _what_belongs_together_is_together(self) -> Self:
        if self.url is not None and not self.secrets:
            raise ValueError(f"secret|{_WHAT_IS_ONE}: without one nobody can tell who has sent it")
        if self.url is None and self.secrets:
            raise ValueError("url|an address as https://HOST/PATH: only webhooks are signed")
        return self

    @property
    def secrets(self) -> tuple[SecretStr, ...]:
        """All that it is signed with."""
        return _several(self.secret)

    @property
    def place(self) -> str:
        """Where it is, as far as that may be shown."""
        if self.url is None:
            return "entry point"
        parts = urlsplit(self.url.get_secret_value())
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname}{port}"

    def __repr__(self) -> str:
        return f"Hook({self.place})"


def secret_bytes(secret: SecretStr) -> bytes | None:
    """The key that a secret stands for; none if it is no such secret."""
    text = secret.get_secret_value()
    if not text.startswith(_BEGINNING):
        return None
    try:
        return base64.b64decode(text.removeprefix(_BEGINNING), validate=True)
    except (binascii.Error, ValueError):
        return None


def hook_problem(error: Any) -> tuple[str, str, str | None]:
    """Name, what is expected and what was got, of an error below ``hooks``; never a secret."""
    steps = [str(step) for step in error["loc"] if step != "[key]"]
    said = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    if error["type"] == "value_error" and "|" in said:
        field, _, said = said.partition("|")
        return ".".join([*steps, field]), said, None
    if error["type"] == "extra_forbidden":
        keys = ", ".join(Hook.model_fields)
        return ".".join(steps), f"a key of a hook ({keys})", "unknown"
    if error["type"] == "string_pattern_mismatch":
        said = "the name of a hook: small letters, digits, - and _, 64 at most"
    if "secret" in steps[2:]:
        return ".".join(steps[:3]), _WHAT_IS_ONE, None
    # What was got may be a secret, or have one in it.
    is_plain = len(steps) > 2 and steps[2] not in {"url", "secret"}
    return ".".join(steps), said, repr(error["input"]) if is_plain else None


def _is_http(text: str) -> bool:
    try:
        parts: SplitResult = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0
    return fits and text.isascii() and not any(c.isspace() for c in text)
