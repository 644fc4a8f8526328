"""What may answer where Rescind should: nothing, half of it, something else, and "not now"."""

import copy
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from rescind.client import Outcome
from rescind.errors import (
    ApiError,
    CallError,
    CancelRefusedError,
    InvalidRequestError,
    NotKnownError,
    NotNowError,
    ProblemError,
    RunFinishedError,
    ServerUnavailableError,
    UnexpectedAnswerError,
)
from tests.clients import KINDS, asker
from tests.unit.client.odd_server import HANG, answer, odd_server, problem

pytestmark = pytest.mark.parametrize("kind", KINDS)

COUNTS = {"by_state": {"Running": 1}, "total": 1}
CANCELLING = {"outcome": "cancelling", "message": "m", "flow_run_id": "f", "request_id": "r"}
FINISHED = "urn:rescind:problem:finished"

Use = Callable[[Any], Any]

NOT_SENT: list[Use] = [
    lambda it: it.cancel_flow_run(""),
    lambda it: it.cancel_flow_run("a/b"),
    lambda it: it.cancel_task_run("f", ""),
    lambda it: it.show_flow_run("x" * 129),
    lambda it: it.show_flow_run("\ud800"),
    lambda it: it.count_flow_runs(namespace="\ud800"),
    lambda it: it.cancel_flow_run("f", idempotency_key=""),
    lambda it: it.cancel_flow_run("f", idempotency_key="two words"),
    lambda it: it.cancel_flow_run("f", grace_seconds=float("nan")),
    lambda it: it.wait_until_finished("f", timeout_seconds=-1),
    lambda it: it.list_task_runs("a/b"),
    lambda it: it.follow_events(after="no\nplace"),
    lambda it: it.follow_events("a/b"),
]


def counts(client: Any) -> Any:
    return client.count_flow_runs()


def cancel(client: Any) -> Any:
    return client.cancel_flow_run("f", reason="enough")


async def error_of(kind: str, url: str, use: Use = counts, **more: Any) -> ApiError:
    more = {"retry_seconds": 0, "timeout_seconds": 0.3, **more}
    async with asker(kind, url, **more) as asking:
        with pytest.raises(ApiError) as raised:
            await asking.do(use)
    said = str(raised.value)
    assert "\n" not in said
    assert "expected" in said
    # As pickle does, between processes.
    assert str(copy.deepcopy(raised.value)) == said
    return raised.value


async def test_nothing_listens_there(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"

    error = await error_of(kind, url)

    assert isinstance(error, ServerUnavailableError)
    assert (error.where, error.asked) == (url, "GET /api/v1/flow-run-counts")
    assert "nothing can be connected to there" in error.why


async def test_a_password_in_the_address_is_in_no_error(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        place = f"127.0.0.1:{gone.getsockname()[1]}"
    with odd_server(answer(200, b"<html>")) as server:
        another = server.url.removeprefix("http://")
        errors = [
            await error_of(kind, f"http://ann:hushed@{place}"),
            await error_of(kind, f"http://ann:hushed@{another}"),
        ]

    said = [str(error) for error in errors]
    assert all(f"http://{where}" in one for where, one in zip((place, another), said, strict=True))
    assert not any("hushed" in one for one in said)


@pytest.mark.parametrize(
    "said,why",
    [
        (b"", "lost before the whole answer"),
        (answer(200, b'{"by_state"', length=100), "lost before the whole answer"),
        (HANG, "nothing came for too long"),
    ],
    ids=["closed", "truncated", "silent"],
)
async def test_what_does_not_arrive_whole_is_no_answer(kind: str, said: bytes, why: str) -> None:
    with odd_server(said) as server:
        error = await error_of(kind, server.url)

    assert isinstance(error, ServerUnavailableError)
    assert why in error.why


@pytest.mark.parametrize(
    "said,why",
    [
        (answer(200, b"<html>hello</html>", "text/html"), "<html>hello</html>"),
        (answer(200, b'{"by_state": {'), "by_state"),
        (answer(200, b"[]"), "something else at the top"),
        (answer(200, {"by_state": {}}), "something else at total (Field required)"),
        (answer(200, b""), "said nothing"),
        (answer(404, b"nope\nno", "text/plain"), "nope"),
        (answer(302, b"", Location="/login"), "points to '/login'"),
        (answer(502, b"<h1>Bad Gateway</h1>", "text/html"), "Bad Gateway"),
        (answer(409, b"not json", "application/problem+json"), "not json"),
        (answer(500, b"[]", "application/problem+json"), "[]"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value,
)
async def test_what_is_no_rescind_is_said_to_be_none(kind: str, said: bytes, why: str) -> None:
    with odd_server(said) as server:
        error = await error_of(kind, server.url)

    assert isinstance(error, UnexpectedAnswerError)
    assert why in error.why
    assert server.url in str(error)


async def test_a_problem_is_an_error_of_its_kind_with_all_that_was_said(kind: str) -> None:
    said = problem(409, FINISHED, "expected a run to stop", state="Finished.Success", remedy="r")
    with odd_server(said) as server:
        error = await error_of(kind, server.url, cancel)

    assert isinstance(error, RunFinishedError)
    assert (error.status, error.type, error.state) == (409, FINISHED, "Finished.Success")
    assert str(error) == (
        "expected a run to stop; POST /api/v1/flow-runs/f/cancel was answered 409: r"
    )


@pytest.mark.parametrize(
    "status,expected",
    [
        (401, NotKnownError),
        (422, InvalidRequestError),
        (503, NotNowError),
        (418, ProblemError),
    ],
)
async def test_a_kind_that_only_a_newer_server_has_is_known_by_its_status(
    kind: str, status: int, expected: type[ProblemError]
) -> None:
    with odd_server(problem(status, "urn:rescind:problem:new", "expected more", errors=5)) as odd:
        error = await error_of(kind, odd.url)

    assert type(error) is expected
    assert error.type == "urn:rescind:problem:new"
    assert error.errors == ()


async def test_what_is_not_answered_is_asked_again_under_the_same_key(kind: str) -> None:
    away = problem(503, "urn:rescind:problem:kafka-away", headers={"Retry_After": "0"})
    busy = answer(429, b"slow down", "text/plain", Retry_After="0")
    with odd_server(b"", away, busy, HANG, answer(202, CANCELLING)) as server:
        async with asker(kind, server.url, retry_seconds=30, timeout_seconds=0.3) as asking:
            done = await asking.do(cancel)
            again = await asking.do(cancel)
        asked = [(heard.line, heard.headers["idempotency-key"]) for heard in server.heard]
        bodies = {heard.body for heard in server.heard}

    assert done == again
    assert done.outcome is Outcome.CANCELLING
    assert bodies == {b'{"reason": "enough"}'}
    assert len(asked) == 6
    assert len(set(asked[:5])) == 1
    assert asked[5] != asked[0]


async def test_it_waits_as_long_as_the_server_says(kind: str) -> None:
    away = problem(503, "urn:rescind:problem:kafka-away", headers={"Retry_After": "1"})
    with odd_server(away, answer(200, COUNTS)) as server:
        async with asker(kind, server.url) as asking:
            begun = time.monotonic()
            assert (await asking.do(counts)).total == 1
            assert time.monotonic() - begun >= 1


async def test_who_is_to_wait_for_longer_than_they_have_is_told_so_at_once(kind: str) -> None:
    away = problem(503, "urn:rescind:problem:kafka-away", headers={"Retry_After": "3600"})
    with odd_server(away) as server:
        error = await error_of(kind, server.url, retry_seconds=60)

    assert isinstance(error, NotNowError)
    assert error.retry_after_seconds == 3600
    assert len(server.heard) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 500])
async def test_what_was_refused_is_not_asked_again(kind: str, status: int) -> None:
    with odd_server(problem(status, "about:blank", "expected else")) as server:
        await error_of(kind, server.url, cancel, retry_seconds=60)

    assert len(server.heard) == 1


@pytest.mark.parametrize(
    "flow,task,path",
    [
        ("f", "..", "/api/v1/flow-runs/f/task-runs/%2E%2E/cancel"),
        (".", "t", "/api/v1/flow-runs/%2E/task-runs/t/cancel"),
        ("a b?c#d%2F", "ü", "/api/v1/flow-runs/a%20b%3Fc%23d%252F/task-runs/%C3%BC/cancel"),
        ("{flow_run_id}", "{0}", "/api/v1/flow-runs/%7Bflow_run_id%7D/task-runs/%7B0%7D/cancel"),
    ],
)
async def test_an_id_is_one_part_of_the_path_whatever_is_in_it(
    kind: str, flow: str, task: str, path: str
) -> None:
    with odd_server(problem(409, "urn:rescind:problem:refused", "expected no")) as server:
        error = await error_of(kind, server.url, lambda it: it.cancel_task_run(flow, task))

    assert isinstance(error, CancelRefusedError)
    assert [heard.line for heard in server.heard] == [f"POST {path} HTTP/1.1"]


@pytest.mark.parametrize("use", NOT_SENT)
async def test_what_no_request_can_be_made_of_is_not_sent(kind: str, use: Use) -> None:
    with odd_server(answer(200, COUNTS)) as server:
        error = await error_of(kind, server.url, use)

    assert isinstance(error, CallError)
    assert server.heard == []


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:19080", "ftp://h", "http://", "http://h:x", "http://h?q"]
)
async def test_an_address_that_is_none_is_said_to_be_none(kind: str, url: str) -> None:
    with pytest.raises(CallError, match="expected url to be the address of a server"):
        async with asker(kind, url):
            pass


async def test_a_server_may_be_below_a_path(kind: str) -> None:
    with odd_server(answer(200, COUNTS)) as server:
        async with asker(kind, server.url + "/rescind/") as asking:
            await asking.do(counts)
        assert server.heard[0].line == "GET /rescind/api/v1/flow-run-counts HTTP/1.1"
        assert server.heard[0].headers["user-agent"].startswith("rescind-client/")


async def test_no_proxy_is_asked_for_what_is_on_this_machine(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with odd_server(answer(200, COUNTS)) as server:
        async with asker(kind, server.url) as asking:
            assert (await asking.do(counts)).total == 1


async def test_whether_it_lives_is_an_answer_also_when_nothing_does(kind: str) -> None:
    late = problem(503, "urn:rescind:problem:not-ready", "it is late")
    with odd_server(answer(200, {"alive": True}), late) as server:
        async with asker(kind, server.url) as asking:
            assert await asking.do(lambda it: it.is_alive())
            ready = await asking.do(lambda it: it.is_ready())
        url = server.url
    async with asker(kind, url) as asking:
        alive = await asking.do(lambda it: it.is_alive())
        away = await asking.do(lambda it: it.is_ready())

    assert (bool(ready), ready.why) == (False, "it is late")
    assert not alive
    assert not away
    assert "nothing can be connected to there" in alive.why
