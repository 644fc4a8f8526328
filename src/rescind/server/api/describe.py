"""The API's description, made from the API itself: `docs/reference/openapi.json`.

`make schema` writes it and a test holds it, so that a change of what programs read is seen.
"""

from typing import Final

import orjson

from rescind.server.api.app import make_app
from rescind.server.api.means import Means
from rescind.settings import load_settings

__all__ = ["OPENAPI", "openapi"]

OPENAPI: Final = "docs/reference/openapi.json"


def openapi() -> str:
    """The whole document, as it must be in the repository."""
    # Nothing is connected to: the routes only have to be made of something.
    settings = load_settings(
        bootstrap="127.0.0.1:9092",
        signing_keys="nothing is signed",
        database_url="sqlite:///describes-nothing.db",
    )
    described = make_app(Means(settings)).openapi()
    return orjson.dumps(described, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
