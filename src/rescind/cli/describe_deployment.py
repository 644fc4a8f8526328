"""The reference page of the deployment file, made from the models that read it.

`make schema` writes it and a test holds it, so that no key is undocumented.
"""

import json
from collections.abc import Iterator
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rescind.cli.describe_fields import docstrings
from rescind.runners.infrastructure.deployment import Deployment

__all__ = ["PAGE", "page"]

PAGE: Final = "docs/reference/deployment.md"

_HEAD: Final = """<!-- Made by `make schema` from the models of the deployment file; edit those. -->

# The deployment file

`rescind run FILE:FLOW --on KIND` reads from it how a flow runner is started there:
`deployment.toml` in the working directory, or what `--deployment` names. It is TOML, with a table
for each kind that is used. A key that is not here is refused, with one line that names it.
Whoever ends a flow runner does not read it: `rescind runner` needs none.
"""

_COLUMNS: Final = "| key | what it takes | if left out | |\n|---|---|---|---|\n"


def page() -> str:
    """The whole page, as it must be in the repository.

    Raises `KeyError` with the name of a key that has no docstring.
    """
    return "".join([_HEAD, *_tables()])


def _tables() -> Iterator[str]:
    for name, field in Deployment.model_fields.items():
        table = _model(field.annotation)
        said = " ".join((table.__doc__ or "").split()).replace("``", "`")
        yield f"\n## `[{name}]`\n\n{said}\n\n{_COLUMNS}"
        told = docstrings(table)
        for key, each in table.model_fields.items():
            meaning = told[key].replace("``", "`")
            yield f"| `{key}` | {_takes(each.annotation)} | {_default(each)} | {meaning} |\n"


def _model(annotation: Any) -> type[BaseModel]:
    """That of an optional table as well."""
    for each in get_args(annotation) or [annotation]:
        if isinstance(each, type) and issubclass(each, BaseModel):
            return each
    raise TypeError(f"expected a table, but got {annotation}")


def _takes(annotation: Any) -> str:
    plain = [each for each in get_args(annotation) if each is not type(None)]
    match get_origin(annotation) or annotation:
        case kind if kind is list:
            return f"a list of {_takes(plain[0]).removeprefix('a ')}s"
        case kind if kind is dict:
            return "a table" if plain[1] is Any else "a table of texts"
        case kind if kind is Literal:
            return ", ".join(f"`{json.dumps(each)}`" for each in plain)
        case kind if kind is bool:
            return "`true` or `false`"
        case kind if kind is str:
            return "a text"
        case kind if kind in {int, float}:
            return "a number"
        case _:
            return _takes(plain[0])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "*needed*"
    value = field.get_default(call_default_factory=True, validated_data={})
    return "" if value in (None, [], {}) else f"`{json.dumps(value)}`"
