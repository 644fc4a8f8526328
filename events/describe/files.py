"""All that is made from the models, as the texts of the files that are checked in."""

import json
from collections.abc import Mapping
from typing import Final

from rescind.events.describe.asyncapi import asyncapi
from rescind.events.describe.jsonschema import Schema, SourceOf
from rescind.events.describe.pages import events_page, requests_page
from rescind.events.describe.schemas import schemas

__all__ = ["files"]

_SCHEMA_FOLDER: Final = "events/schema"
_REFERENCE_FOLDER: Final = "docs/reference"


def files(
    source_of: SourceOf, settings: Mapping[str, Mapping[str, str]], version: str
) -> dict[str, str]:
    """Each file's text by its path in the repository.

    Args:
        source_of: the source text of a class, as `inspect.getsource` has it.
        settings: Kafka's settings of each topic, by the topic's name without the prefix.
        version: of the release.

    """
    documents = schemas(source_of)
    made = {f"{_SCHEMA_FOLDER}/{name}.json": _text(schema) for name, schema in documents.items()}
    made[f"{_SCHEMA_FOLDER}/asyncapi.json"] = _text(asyncapi(settings, version))
    made[f"{_REFERENCE_FOLDER}/events.md"] = events_page(documents)
    made[f"{_REFERENCE_FOLDER}/requests.md"] = requests_page(documents)
    return made


def _text(document: Schema) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
