"""Nothing that the API can do or says is missing from the clients, and they are alike."""

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_type_hints

import orjson
import pytest
from pydantic import TypeAdapter

import rescind
import rescind.client as public
import rescind.errors
from rescind.client import AsyncClient, Client
from rescind.client.answers.words import Answer, KnownOutcome, Outcome
from rescind.client.core.calls import Call, Reply
from rescind.client.core.replies import KINDS, reader
from rescind.errors import ApiError
from rescind.server.api.problems import Kind

ROOT = Path(rescind.__file__).parents[2]
DOCUMENT: dict[str, Any] = orjson.loads((ROOT / "docs/reference/openapi.json").read_bytes())
SCHEMAS: dict[str, dict[str, Any]] = DOCUMENT["components"]["schemas"]
OPERATIONS = [
    (operation["operationId"], operation)
    for methods in DOCUMENT["paths"].values()
    for operation in methods.values()
]

# What is asked with are arguments, what is wrong are errors, and words are enums.
NO_ANSWERS = {
    *("CancelFlowRun", "CancelTaskRun", "CreateBulk", "StartBulk"),
    *("JsonValue", "Problem", "Wrong"),
}
ANSWERS = [
    name for name, schema in SCHEMAS.items() if "enum" not in schema and name not in NO_ANSWERS
]
RENAMED = {
    "state": "state", "label": "labels", "limit": "page_size", "last-event-id": "after",
    "Idempotency-Key": "idempotency_key",
}  # fmt: skip
PUBLIC = [name for name in dir(Client) if not name.startswith("_")]


@pytest.mark.parametrize("name,operation", OPERATIONS, ids=[name for name, _ in OPERATIONS])
@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_each_operation_is_a_method_that_takes_all_that_it_takes(
    client: type, name: str, operation: dict[str, Any]
) -> None:
    method = getattr(client, name, None)

    assert method is not None, f"a client has no method {name}: add it to both"
    asked = {RENAMED.get(one["name"], one["name"]) for one in operation.get("parameters", [])}
    for body in operation.get("requestBody", {}).get("content", {}).values():
        shapes = body["schema"].get("anyOf", [body["schema"]])
        (shape, *_) = [one for one in shapes if "$ref" in one]
        asked |= set(SCHEMAS[shape["$ref"].rpartition("/")[2]]["properties"])
    assert asked <= set(inspect.signature(method).parameters)


@pytest.mark.parametrize("name", ANSWERS)
def test_each_answer_has_all_that_is_said_in_it(name: str) -> None:
    model: type[Answer] = getattr(public, "PageOf" if name.startswith("PageOf") else name)
    known = {field.alias or name for name, field in model.model_fields.items()}

    assert set(SCHEMAS[name]["properties"]) <= known


def test_each_kind_of_problem_is_an_error_of_its_own() -> None:
    slugs = {kind.type.rpartition(":")[2] for kind in Kind}

    assert set(KINDS) == slugs


@pytest.mark.parametrize("name", PUBLIC)
def test_both_clients_say_and_take_the_same(name: str) -> None:
    blocking, aio = getattr(Client, name), getattr(AsyncClient, name)

    assert inspect.getdoc(blocking) == inspect.getdoc(aio)
    assert _parameters(blocking) == _parameters(aio)
    returned = str(get_type_hints(aio)["return"]).replace("aio", "blocking").replace("Async", "")
    assert returned == str(get_type_hints(blocking)["return"])


def _parameters(method: Any) -> list[inspect.Parameter]:
    return list(inspect.signature(method).parameters.values())


def test_a_word_or_a_field_of_a_newer_server_harms_nobody() -> None:
    said: dict[str, Any] = {
        "outcome": "postponed", "message": "m", "flow_run_id": "f", "request_id": "r", "new": 1,
        "cancellation": {"cancellation_id": "c", "mode": "softly", "new": {"deep": []}},
    }  # fmt: skip
    body = orjson.dumps(said)

    found = reader(public.CancelAnswer)(Call("POST", "/"), Reply("h", 200, {}, body))

    assert found.outcome == "postponed"
    assert found.cancellation.mode == "softly"
    assert TypeAdapter(KnownOutcome).validate_json('"armed"') is Outcome.ARMED


def test_the_reference_page_has_every_method_and_every_error() -> None:
    page = (ROOT / "docs/reference/client.md").read_text(encoding="utf-8")
    errors = {
        name
        for name, kind in inspect.getmembers(rescind.errors, inspect.isclass)
        if issubclass(kind, ApiError)
    }

    assert set(re.findall(r"^\| `(\w+)\(", page, re.MULTILINE)) == set(PUBLIC) - {"close"}
    assert errors <= set(re.findall(r"`(\w+Error)`", page))


def test_the_client_needs_no_kafka_and_no_service_and_says_which_extra_it_needs() -> None:
    program = """
import sys
sys.modules["httpx"] = None
import rescind.client, rescind.client.core.core
from rescind.errors import ExtraMissingError
heavy = {"aiokafka", "fastapi", "faust", "transitions", "sqlalchemy", "rescind.kafka", "asyncio"}
print(heavy & set(sys.modules))
try:
    rescind.client.Client
except ExtraMissingError as error:
    print(error)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    loaded, said = run.stdout.splitlines()
    assert loaded == "set()"
    assert "run `pip install 'rescind[client]'`" in said
