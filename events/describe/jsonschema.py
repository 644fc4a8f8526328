"""JSON Schema (2020-12) of pydantic models, as another language's reader wants it.

Differences from what pydantic makes: a field's docstring is its description, a ``type`` that is
always the same has to be there, fields have no titles of their own, and a schema can be *closed*
throughout, as the journal's is, also where a shared word is open in requests.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, cast

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from rescind.events.words import ChosenId, Moment

__all__ = ["DIALECT", "Schema", "SourceOf", "definitions", "description", "union_of"]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_ID: Final[Schema] = {
    "description": "1 to 128 characters, no control characters, no '/', not beginning with '@'.",
    **TypeAdapter[str](ChosenId).json_schema(),
}
_MOMENT: Final[Schema] = {
    "description": "RFC 3339; written in UTC with milliseconds.",
    **TypeAdapter[int](Moment).json_schema(),
}

SourceOf = Callable[[type], str]
"""The source text of a class: where the docstrings of its fields are. Reading it is I/O, so
whoever calls brings it (`inspect.getsource`)."""


def description(model: type[BaseModel]) -> str:
    """A model's docstring. Only Python before 3.13 keeps its indentation, so that goes."""
    return inspect.cleandoc(model.__doc__ or "")


def definitions(
    models: Sequence[type[BaseModel]], source_of: SourceOf, *, closed: bool = False
) -> Schema:
    """The ``$defs`` with a schema for each of these models and for all that they need."""
    _, schema = models_json_schema(
        [(model, "validation") for model in models],
        schema_generator=_generator(source_of, closed=closed),
    )
    named = cast(dict[str, Schema], _with_names(schema["$defs"]))
    for definition in named.values():
        if "description" in definition:
            definition["description"] = _prose(definition["description"])
    return {**named, "Id": _ID, "Moment": _MOMENT}


def _with_names(node: object) -> object:
    """Ids and moments by reference: they are on every page, and have a meaning."""
    if isinstance(node, list):
        return [_with_names(item) for item in cast(list[object], node)]
    if not isinstance(node, dict):
        return node
    schema = {key: _with_names(value) for key, value in cast(Schema, node).items()}
    for name, known in (("Id", _ID), ("Moment", _MOMENT)):
        words = known.keys() - {"description"}
        if all(schema.get(word) == known[word] for word in words):
            rest = {key: value for key, value in schema.items() if key not in words}
            return {"$ref": f"#/$defs/{name}", **rest}
    return schema


def union_of(name: str, about: str, refs: Sequence[str], defs: Schema) -> Schema:
    """A whole document: one of these, by the names that `defs` has for them."""
    pointers = [{"$ref": f"#/$defs/{ref}"} for ref in refs]
    return {
        "$schema": DIALECT,
        "$id": f"urn:rescind:{name}:1",
        "title": name,
        "description": about,
        **({"oneOf": pointers} if len(pointers) > 1 else pointers[0]),
        "$defs": dict(sorted(defs.items())),
    }


def _generator(source_of: SourceOf, *, closed: bool) -> type[GenerateJsonSchema]:
    class Generator(GenerateJsonSchema):
        def field_title_should_be_set(self, schema: object) -> bool:
            del schema
            return False

        def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
            made = super().model_schema(schema)
            model = cast(type[BaseModel], schema["cls"])
            properties = cast(Schema, made.setdefault("properties", {}))
            for field, note in _notes(model, source_of).items():
                alias = model.model_fields[field].alias or field
                properties[alias]["description"] = note
            constant = [name for name, value in properties.items() if "const" in value]
            for name in constant:
                properties[name].pop("default", None)
            made["required"] = [*constant, *made.get("required", [])]
            if not made["required"]:
                del made["required"]
            if closed:
                made["additionalProperties"] = False
            return made

    return Generator


def _prose(docstring: str) -> str:
    """A docstring without its list of attributes, which the schema has by itself."""
    return docstring.partition("\n\nAttributes:")[0].strip()


def _notes(model: type[BaseModel], source_of: SourceOf) -> dict[str, str]:
    """The docstrings under the fields of a model and of those that it inherits from."""
    notes: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, BaseModel) and base is not BaseModel:
            notes.update(_own_notes(source_of(base)))
    return {name: note for name, note in notes.items() if name in model.model_fields}


@cache
def _own_notes(source: str) -> Mapping[str, str]:
    # Kept, since a base is asked for again by each of its models: parsing is most of the work.
    [definition] = ast.parse(textwrap.dedent(source)).body
    assert isinstance(definition, ast.ClassDef)
    notes: dict[str, str] = {}
    for field, after in zip(definition.body, definition.body[1:], strict=False):
        match field, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str() as text)),
            ):
                notes[name] = " ".join(text.split())
            case _:
                pass
    return notes
