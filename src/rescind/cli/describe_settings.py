"""The reference page of the settings, made from the settings themselves.

`make schema` writes it and a test holds it, so that no setting is undocumented and no default is
another one than the page says.
"""

import types
from collections.abc import Iterator
from typing import Any, Final, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from rescind.cli.describe_fields import docstrings
from rescind.settings import Settings

__all__ = ["PAGE", "page"]

PAGE: Final = "docs/reference/settings.md"

_HEAD: Final = """<!-- Made by `make schema` from the settings; edit those. -->

# Settings

Every process reads the same ones when it starts: `RESCIND_*` variables, else `rescind.toml` in the
working directory (or the file that `RESCIND_CONFIG` names), where they stand without `RESCIND_`
and in small letters:

```toml
bootstrap = "kafka-1:9092,kafka-2:9092"
grace_seconds = 10
```

What is wrong ends the start with the name of the setting, what is expected and what was found. An
empty variable is one that is not set, but for `RESCIND_TOPIC_PREFIX`: topics may have no prefix. A
variable that is no setting changes nothing, and the log says so. Services say all of them when
they start, without the secrets. Where traces go is set by OpenTelemetry's own variables:
[watch with Prometheus and OpenTelemetry](../how-to/watch-with-prometheus-and-opentelemetry.md).
"""

# By the first setting of each part.
_PARTS: Final = {
    "bootstrap": "Kafka",
    "security_protocol": "TLS and SASL",
    "data_dir": "Folders and the read model",
    "embedded_port": "The embedded Kafka",
    "signing_keys": "Who may ask",
    "instance_id": "Processes",
    "acknowledge_seconds": "Clocks and limits",
    "hooks": "Hooks",
}
# These are found on each machine, so the page cannot say them.
_FOUND: Final = {"data_dir": "the user's data folder", "cache_dir": "the user's cache folder"}


def page() -> str:
    """The whole page, as it must be in the repository.

    Raises `KeyError` with the name of a setting that has no docstring.
    """
    told = docstrings(Settings)
    lines = [_HEAD]
    for name, field in Settings.model_fields.items():
        if name in _PARTS:
            lines.append(f"\n## {_PARTS[name]}\n\n| | default | |\n|---|---|---|\n")
        default = _FOUND.get(name) or _default(field)
        limits = _limits(field)
        lines.append(f"| `RESCIND_{name.upper()}` | {default} | {told[name]}{limits} |\n")
    return "".join(lines)


def _default(field: FieldInfo) -> str:
    # Of a factory, what it makes; the two that look at the machine do not come here.
    default: Any = field.get_default(call_default_factory=True, validated_data={})
    match default:
        case _ if default in (None, (), {}):
            return ""
        case bool(value):
            return f"`{str(value).lower()}`"
        case value:
            return f"`{value}`"


def _limits(field: FieldInfo) -> str:
    """A sentence of what it may be, beside its type; nothing if that is all."""
    found: dict[type, Any] = {type(limit): limit for limit in field.metadata}
    least: Any = getattr(found.get(annotated_types.Ge), "ge", None)
    most: Any = getattr(found.get(annotated_types.Le), "le", None)
    words = [*_choices(field.annotation)]
    if least is not None and most is not None:
        words.append(f"{least} to {most}")
    elif least is not None:
        words.append(f"at least {least}")
    elif most is not None:
        words.append(f"at most {most}")
    if annotated_types.Gt in found:
        words.append(f"more than {found[annotated_types.Gt].gt}")
    if SecretStr in {field.annotation, *get_args(field.annotation)}:
        words.append("a secret")
    sentence = ", ".join(words)
    return f" {sentence[0].upper()}{sentence[1:]}." if sentence else ""


def _choices(annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield "one of " + ", ".join(f"`{choice}`" for choice in get_args(annotation))
    elif get_origin(annotation) in {Union, types.UnionType}:
        for part in get_args(annotation):
            yield from _choices(part)
