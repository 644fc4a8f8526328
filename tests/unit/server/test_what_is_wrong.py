"""What cannot be asked over HTTP, and how that is told. Neither Kafka nor tables are there."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rescind.server.api.means import Means
from tests.scenarios.http.http_api import problem
from tests.waiting import until


@pytest.mark.parametrize(
    "body",
    [
        {"reason": "x" * 2_001},
        {"reason": 7},
        {"reasn": "a word that is none"},
        {"mode": "violent"},
        {"grace_seconds": -1},
        {"grace_seconds": "30"},
        {"grace_seconds": True},
        {"deadline_seconds": 10**400},
        {"cascade": "sideways"},
        [],
        "cancel",
    ],
)
async def test_a_body_that_is_not_what_it_must_be_is_told_where(
    api: httpx.AsyncClient, body: Any
) -> None:
    response = await api.post("/api/v1/flow-runs/f/cancel", json=body)

    said = problem(response, 422, "invalid-request")
    assert all(error["where"].startswith("body") for error in said["errors"])


@pytest.mark.parametrize(
    "path,body,where,message",
    [
        ("f/cancel", {"grace_seconds": "30"}, "body.grace_seconds", "expected a number"),
        (
            "f/cancel",
            {"grace_seconds": -1},
            "body.grace_seconds",
            "expected a number of at least 0",
        ),
        ("f/cancel", {"reason": 7}, "body.reason", "expected a string"),
        ("f/cancel", {"reason": "x" * 2_001}, "body.reason", "expected at most 2000 characters"),
        ("f/cancel", {"reasn": "?"}, "body.reasn", "expected only fields that are known here"),
        ("f/cancel", {"mode": "hard"}, "body.mode", "expected 'graceful' or 'abort'"),
        ("f/cancel", [], "body", "expected an object"),
        ("@f/cancel", {}, "path.flow_run_id", "expected an id without '/'"),
    ],
)
async def test_what_was_expected_is_said_in_the_words_of_this_service(
    api: httpx.AsyncClient, path: str, body: Any, where: str, message: str
) -> None:
    said = problem(await api.post(f"/api/v1/flow-runs/{path}", json=body), 422, "invalid-request")

    assert said["errors"][0]["where"] == where
    assert said["errors"][0]["message"].startswith(message)


@pytest.mark.parametrize(
    "path,message",
    [
        ("/flow-runs?limit=many", "query.limit: expected a whole number"),
        ("/flow-runs?stuck=perhaps", "query.stuck: expected true or false"),
        ("/dead-letters/first", "path.place: expected PARTITION:OFFSET, such as 0:17"),
    ],
)
async def test_so_it_is_of_what_is_read(api: httpx.AsyncClient, path: str, message: str) -> None:
    response = await api.get(f"/api/v1{path}")

    assert problem(response, 422, "invalid-request")["detail"].startswith(message)


async def test_what_is_too_large_or_no_json_or_nowhere_is_a_problem_too(
    api: httpx.AsyncClient,
) -> None:
    path = "/api/v1/flow-runs/f/cancel"
    megabyte = await api.post(path, json={"reason": "x" * 1_000_000})
    problem(megabyte, 413, "too-large")
    assert "xxx" not in megabyte.text

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1024
        raise AssertionError("more was read than may be")

    problem(await api.post(path, content=endless()), 413, "too-large")
    json = {"content-type": "application/json"}
    for content in (b"{", b"\xff", b"[" * 20_000):
        problem(await api.post(path, content=content, headers=json), 400, "unreadable-body")
    surrogate = await api.post(path, content=rb'{"reason": "\ud800"}', headers=json)
    problem(surrogate, 422, "invalid-request")
    problem(await api.post("/api/v1/flow-runs/@latest/cancel"), 422, "invalid-request")
    key = {"Idempotency-Key": "with\x7fcontrol"}
    of_key = problem(await api.post(path, headers=key), 422, "invalid-request")
    assert "expected 1 to 255 visible characters of ASCII" in of_key["detail"]
    nowhere = await api.get("/api/v1/flows")
    assert (nowhere.status_code, nowhere.json()["status"]) == (404, 404)
    wrong_way = await api.delete(path)
    assert (wrong_way.status_code, wrong_way.json()["title"]) == (405, "Method Not Allowed")
    assert "/api/v1/openapi.json has all of them" in nowhere.json()["detail"]
    assert wrong_way.json()["detail"].startswith("expected POST, but got DELETE")
    for response in (nowhere, wrong_way):
        assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["flow-runs", "flow-run-counts"])
async def test_a_label_of_two_values_is_no_filter(api: httpx.AsyncClient, path: str) -> None:
    """All that is asked has to hold, and of these two only one could."""
    said = problem(await api.get(f"/api/v1/{path}?label=a=1&label=a=2"), 422, "invalid-request")

    assert "each key once" in said["detail"]
    same = await api.get(f"/api/v1/{path}?label=a=1&label=a=1&label=b=1")
    problem(same, 503, "read-model-away")


async def test_while_kafka_is_away_a_cancel_is_told_so_with_what_to_do(
    api: httpx.AsyncClient, means: Means
) -> None:
    async with means:
        await until(lambda: "127.0.0.1:1" in means.no_kafka)
        response = await api.post("/api/v1/flow-runs/f/cancel")

    said = problem(response, 503, "kafka-away")
    assert "start it, set RESCIND_BOOTSTRAP" in said["detail"]
    assert response.headers["Retry-After"] == "2"


async def test_without_a_read_model_reads_are_told_so(
    api: httpx.AsyncClient, tmp_path: Path
) -> None:
    problem(await api.get("/api/v1/flow-runs"), 503, "read-model-away")

    database = tmp_path / "read-model.db"
    database.unlink()
    database.mkdir()
    said = problem(await api.get("/api/v1/flow-runs/f/can-cancel"), 503, "read-model-away")
    assert "cancels do not need it, and go on" in said["detail"]


async def test_a_bug_is_a_problem_that_tells_nothing_of_itself(
    api: httpx.AsyncClient, means: Means
) -> None:
    means._line = "no line"  # type: ignore[assignment]  # noqa: SLF001

    response = await api.post("/api/v1/flow-runs/f/cancel")

    problem(response, 500, "bug")
    assert "str" not in response.text
