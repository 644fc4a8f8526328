"""What is wrong with a request, in words for whoever sent it.

Always «expected …, but …». What was sent is repeated only where it cannot be a secret (a number,
an id, a word of a list), and never more of it than a few characters: this goes into the journal.
"""

import re
from collections.abc import Mapping
from typing import Final, cast

from pydantic_core import ErrorDetails

from rescind.events.words import clipped

__all__ = ["expected_of", "path_of", "sentence_of"]

_SHOWN_CHARACTERS_MAX: Final = 40
_PATH_CHARACTERS_MAX: Final = 256
_STEP_CHARACTERS_MAX: Final = 64
_ENUM_MEMBER: Final = re.compile(r"<[\w.]+: ('[^']*')>")

_EXPECTED: Final[Mapping[str, str]] = {
    "bool_type": "true or false",
    "dict_type": "an object",
    "enum": "{expected}",
    "finite_number": "a finite number",
    "float_type": "a number",
    "greater_than_equal": "a number of at least {ge:.16g}",
    "int_type": "a whole number",
    "less_than_equal": "a number of at most {le:.16g}",
    "literal_error": "{expected}",
    "missing": "this field",
    "model_type": "an object",
    "string_pattern_mismatch": "an id without '/' or control characters that begins not with '@'",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} character",
    "string_type": "a string",
    "too_long": "at most {max_length} items",
    "too_short": "at least {min_length} item",
    "tuple_type": "a list",
}
_SHOW_VALUE: Final = {
    "enum",
    "greater_than_equal",
    "less_than_equal",
    "literal_error",
    "string_pattern_mismatch",
}


def path_of(error: ErrorDetails) -> str:
    """Where it is, as ``items.3.attempt``; empty for the record as a whole."""
    if error["type"].startswith("union_tag"):
        return "type"
    # The union puts the type in front; a wrong key stands as itself and not as a value under it.
    steps = [step for step in error["loc"][1:] if step != "[key]"]
    path = ".".join(clipped(str(step), _STEP_CHARACTERS_MAX) for step in steps)
    return clipped(path, _PATH_CHARACTERS_MAX)


def sentence_of(error: ErrorDetails) -> str:
    """What was expected and what was there: at most some hundred characters."""
    kind = error["type"]
    values = error.get("ctx", {})
    match kind:
        case "union_tag_not_found":
            return "expected a type such as 'flow.cancel', but there is none"
        case "union_tag_invalid":
            types = values["expected_tags"]
            got = cast(dict[str, object], error["input"])["type"]
            return f"expected one of the types {types}, but got {_shown(got)}"
        case "extra_forbidden":
            return "expected only fields that this release knows, but this one is not among them"
        case "json_invalid":
            return f"expected JSON in UTF-8, but it cannot be read: {values['error']}"
        case "value_error":
            return clipped(str(values["error"]))
        case _ if (expected := expected_of(kind, values)) is not None:
            return f"expected {expected}, but {_found(kind, error['input'])}"
        case _:
            # A kind of error that no field can have today.
            return clipped(f"expected something else, but got {_shown(error['input'])}: {kind}")


def expected_of(kind: str, values: Mapping[str, object]) -> str | None:
    """What this kind of error misses, as ``a number of at least 0``; None: it has no words here."""
    words = _EXPECTED.get(kind)
    return None if words is None else _ENUM_MEMBER.sub(r"\1", words.format(**values))


def _found(kind: str, value: object) -> str:
    if kind == "missing":
        return "it is missing"
    if kind in _SHOW_VALUE:
        return f"got {_shown(value)}"
    if kind == "string_too_long":
        return f"got {len(cast(str, value))}"
    if kind == "too_long":
        return "there are more"
    if kind in {"string_too_short", "too_short"}:
        return "it is empty"
    return f"got {_shown(value) if isinstance(value, bool | int | float) else _kind(value)}"


def _shown(value: object) -> str:
    if isinstance(value, str):
        return repr(clipped(value, _SHOWN_CHARACTERS_MAX))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        # A number of many digits is slow to write, and Python may refuse to.
        return str(value) if abs(value) < 10**18 else "a very large number"
    return str(value) if isinstance(value, float) else _kind(value)


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case str():
            return "a string"
        case dict():
            return "an object"
        case list() | tuple():
            return "a list"
        case _:
            return "something else"
