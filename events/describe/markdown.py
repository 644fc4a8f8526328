"""Markdown made of schemas: tables of fields, with types as a person names them."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, cast

from rescind.events.describe.jsonschema import Schema

__all__ = ["code", "fields_table", "needed", "prose", "table", "type_words"]

_PLAIN: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
}
_UNITS: Final = {"Length": " characters", "Items": "", "Properties": " entries", "imum": ""}


def code(text: str) -> str:
    """Text as code."""
    return f"`{text}`"


def prose(docstring: str) -> str:
    """A docstring as one paragraph; what it marks as code is so in Markdown."""
    return " ".join(docstring.replace("``", "`").split())


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table. Bars in cells are escaped, so that types may have them."""
    lines = ["| " + " | ".join(heads) + " |", "| " + " | ".join("---" for _ in heads) + " |"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def fields_table(schema: Schema, but: Iterable[str] = ()) -> str:
    """The fields of an object's schema, those that are needed marked so."""
    required = set(cast(list[str], schema.get("required", [])))
    left_out = set(but)
    rows = [
        (
            code(name),
            type_words(field),
            "yes" if name in required else _default(field),
            prose(field.get("description", "")),
        )
        for name, field in cast(dict[str, Schema], schema.get("properties", {})).items()
        if name not in left_out
    ]
    return table(("field", "type", "needed", "meaning"), rows) if rows else "No fields.\n"


def type_words(schema: Schema) -> str:
    """What may stand in a field: ``Id``, ``list of TaskSpec (1 to 500)``, ``"graceful"``."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return "any JSON" if name == "JsonValue" else f"[{name}](#{name.lower()})"
    if "const" in schema:
        return code(_json_word(schema["const"]))
    if "enum" in schema:
        return ", ".join(code(_json_word(word)) for word in schema["enum"])
    if "anyOf" in schema:
        real = [choice for choice in schema["anyOf"] if choice.get("type") != "null"]
        return " or ".join(map(type_words, real))
    return _type_words_of_plain(schema)


def _type_words_of_plain(schema: Schema) -> str:
    values = schema.get("additionalProperties")
    match schema.get("type"):
        case "array":
            return f"list of {type_words(schema['items'])}{_bounds(schema, 'Items')}"
        case "object" if isinstance(values, dict):
            of = type_words(cast(Schema, values))
            return f"object of {of}{_bounds(schema, 'Properties')}"
        case "string":
            return f"text{_bounds(schema, 'Length')}"
        case str() as plain:
            return f"{_PLAIN[plain]}{_bounds(schema, 'imum')}"
        case _:
            return "any JSON"


def needed(schema: Schema, but: Iterable[str] = ()) -> str:
    """The names of an object's fields in one cell, with a question mark at what may be missing."""
    required = set(cast(list[str], schema.get("required", [])))
    left_out = set(but)
    names = [name for name in schema.get("properties", {}) if name not in left_out]
    return ", ".join(code(name if name in required else f"{name}?") for name in names)


def _bounds(schema: Schema, what: str) -> str:
    low, high = schema.get(f"min{what}"), schema.get(f"max{what}")
    if low is None and high is None:
        return ""
    unit = _UNITS[what]
    if high is None:
        return f" (at least {low}{unit})"
    return f" ({low} to {high}{unit})" if low else f" (at most {high}{unit})"


def _default(schema: Schema) -> str:
    default: Any = schema.get("default")
    if default is None or default in ("", [], {}):
        return ""
    return f"else {code(_json_word(default))}" if not isinstance(default, dict) else ""


def _json_word(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)
