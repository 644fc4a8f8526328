"""The description of the API that is checked in is the one that follows from the code."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import orjson

import rescind
from rescind.server.api.describe import OPENAPI, openapi

ROOT = Path(rescind.__file__).parents[2]
RENEW = "run `make schema` and look at the difference: programs read this"


@cache
def document() -> dict[str, Any]:
    made: dict[str, Any] = orjson.loads(openapi())
    return made


def test_what_is_checked_in_is_what_follows_from_the_code() -> None:
    is_the_same = (ROOT / OPENAPI).read_text(encoding="utf-8") == openapi()

    assert is_the_same, RENEW


def test_every_operation_says_what_can_be_wrong_and_is_on_the_reference_page() -> None:
    page = (ROOT / "docs/reference/http.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(GET|POST) (/\S+?)`", page, re.MULTILINE))

    operations = {
        (method.upper(), path): operation
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    }

    assert document()["openapi"].startswith("3.1.")
    short = {(method, path.removeprefix("/api/v1")) for method, path in operations}
    assert short | {("GET", "/metrics")} == listed
    for (_, path), operation in operations.items():
        wrong = {status for status in operation["responses"] if status >= "400"}
        assert wrong or path == "/health/live"
        for status in wrong:
            assert list(operation["responses"][status]["content"]) == ["application/problem+json"]
