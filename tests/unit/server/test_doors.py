"""No way in is left open: each route says who may ask it, or is one of those that anybody may."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Request, Response

from rescind.access.register import token_record
from rescind.access.tokens import Scope, Token, mint
from rescind.events.requests import RequestDenied
from rescind.kafka.records import Record
from rescind.kafka.topics import TopicNames
from rescind.processors.shared.keys import signing_keys
from rescind.server.access.denials import EVERY_SECONDS, Denials
from rescind.server.access.gate import Gate, now_ms
from rescind.server.access.viewer import Viewer
from rescind.server.api.app import make_app
from rescind.server.api.means import Means
from rescind.server.web.door import inside
from rescind.settings import Settings, load_settings
from tests.waiting import until
from tests.ways_in import ways_in

KEY = "a signing key of the tests"
ANYBODY = {
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/static/{name:path}"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/sign-out"),
    ("POST", "/sign-out"),
}


def settings(tmp_path: Path, **said: str) -> Settings:
    return load_settings(
        bootstrap="127.0.0.1:1",
        signing_keys=KEY,
        database_url=f"sqlite:///{tmp_path / 'read-model.db'}",
        **said,
    )


def record_of(token: Token) -> Record:
    out = token_record(token, TopicNames("t."), signing_keys(load_settings(signing_keys=KEY)))
    return Record(out.topic, 0, 0, 0, out.key, out.value, out.headers)


async def statuses(means: Means, **headers: str) -> dict[tuple[str, str], httpx.Response]:
    """What each way in answers to somebody with these headers."""
    app = make_app(means)
    found: dict[tuple[str, str], httpx.Response] = {}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for method, path in ways_in(app):
            address = re.sub(r"\{\w+(:path)?\}", "x", path)
            found[method, path] = await client.request(method, address, headers=headers)
    assert len(found) > 25
    return found


async def test_whoever_shows_nothing_comes_nowhere_but_where_anybody_may(tmp_path: Path) -> None:
    let_in: set[tuple[str, str]] = set()
    for way, answer in (await statuses(Means(settings(tmp_path)))).items():
        if way[1].startswith("/api/") or way[1] in {"/metrics", "/live"}:
            assert answer.status_code == 401, way
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.json()["type"] == "urn:rescind:problem:unauthenticated"
        elif answer.status_code == 303:
            assert answer.headers["location"].startswith("/sign-in"), way
        else:
            let_in.add(way)

    assert let_in == ANYBODY


async def test_whoever_may_only_read_changes_nothing(tmp_path: Path) -> None:
    means = Means(settings(tmp_path))
    assert means.register is not None
    token, shown = mint("ada", [Scope.READ], now_ms=now_ms())
    means.register.see(record_of(token))
    means.register.is_complete = True
    answers = await statuses(means, Authorization=f"Bearer {shown}")

    changing = {way: answer for way, answer in answers.items() if way[0] != "GET"}
    of_the_api = {way: one for way, one in changing.items() if way[1].startswith("/api/")}
    assert len(of_the_api) >= 2
    assert {way: one.status_code for way, one in of_the_api.items()} == dict.fromkeys(
        of_the_api, 403
    )
    # A page has no ear for it: there is no session.
    assert answers["GET", "/"].headers["location"] == "/sign-in"
    assert answers["GET", "/api/v1/flow-run-counts"].status_code == 503


async def test_a_session_is_no_way_into_the_api(tmp_path: Path) -> None:
    means = Means(settings(tmp_path))
    assert means.register is not None
    token, _ = mint("ada", [Scope.ADMIN], now_ms=now_ms())
    means.register.see(record_of(token))
    means.register.is_complete = True
    response = Response()
    asked: dict[str, Any] = {"type": "http", "scheme": "http", "path": "/", "headers": []}
    means.gate.sessions.begin(token.token_id, Request(asked), response)
    answers = await statuses(means, Cookie=response.headers["set-cookie"].partition(";")[0])

    of_the_api = [one for (_, path), one in answers.items() if path.startswith("/api/")]
    assert {one.status_code for one in of_the_api} == {401}
    assert answers["GET", "/"].status_code == 503
    assert "/sign-in" not in answers["GET", "/"].headers.get("location", "")


async def test_nobody_is_told_from_anybody_else_before_all_tokens_were_read(tmp_path: Path) -> None:
    means = Means(settings(tmp_path))
    assert means.register is not None
    token, shown = mint("ada", [Scope.ADMIN], now_ms=now_ms())
    means.register.see(record_of(token))

    answers = await statuses(means, Authorization=f"Bearer {shown}")

    # Its revocation may be what comes next.
    assert answers["GET", "/api/v1/flow-run-counts"].status_code == 503
    assert "tokens have not been read" in answers["GET", "/api/v1/flow-run-counts"].text
    assert answers["GET", "/health/ready"].status_code == 503
    assert "127.0.0.1:1" not in answers["GET", "/health/ready"].text
    assert "kafka" in answers["GET", "/health/ready"].json()["missing"]


@pytest.mark.parametrize("flow_run_id", ["x" * 200, "@all", "a%00b"])
async def test_a_try_about_what_no_run_can_be_called_is_refused_and_hides_no_other(
    tmp_path: Path, flow_run_id: str
) -> None:
    means = Means(settings(tmp_path))
    assert means.register is not None
    means.register.is_complete = True
    token, shown = mint("ada", [Scope.READ], now_ms=now_ms())
    means.register.see(record_of(token))
    told: list[RequestDenied] = []

    async def tell(request: RequestDenied) -> None:
        told.append(request)

    means.gate = Gate(means.register, means.gate.sessions, Denials(tell), lambda: "")
    transport = httpx.ASGITransport(make_app(means), raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport,
        base_url="http://127.0.0.1",
        headers={"Authorization": f"Bearer {shown}"},
    ) as client:
        odd = await client.post(f"/api/v1/flow-runs/{flow_run_id}/cancel")
        plain = await client.post("/api/v1/flow-runs/plain/cancel")

    assert odd.status_code in {403, 422}
    assert plain.status_code == 403
    await until(lambda: len(told) == 1)
    assert told[0].flow_run_id == "plain"


@pytest.mark.parametrize(
    "said, is_open",
    [
        ({}, False),
        ({"access": "open"}, True),
        ({"access": "tokens"}, False),
        ({"access": "tokens", "bootstrap": ""}, False),
        ({"bootstrap": ""}, True),
        ({"bootstrap": "", "http_host": "0.0.0.0"}, False),  # noqa: S104 - asked, not listened at
    ],
)
def test_nobody_is_asked_by_default_only_with_the_embedded_broker_on_this_machine(
    tmp_path: Path, said: dict[str, str], is_open: bool
) -> None:
    said = {"bootstrap": "127.0.0.1:1", "data_dir": str(tmp_path), **said}
    means = Means(load_settings(signing_keys=KEY, **said))

    assert means.gate.is_open is is_open


async def test_of_many_denials_one_a_minute_is_recorded_for_each_token_and_permission() -> None:
    told: list[RequestDenied] = []
    now = 1_000.0

    async def tell(request: RequestDenied) -> None:
        told.append(request)

    denials = Denials(tell, lambda: now)
    ada, bob = (
        Viewer(token.actor, token)
        for token in (mint(name, [Scope.READ], now_ms=0)[0] for name in ("ada", "bob"))
    )
    for _ in range(50):
        denials.note(ada, Scope.CANCEL, "POST /cancel", "f")
    denials.note(ada, Scope.ADMIN, "POST /else", "f")
    denials.note(bob, Scope.CANCEL, "POST /cancel", "f")
    denials.note(bob, Scope.CANCEL, "POST /cancel", None)
    await until(lambda: len(told) == 3)

    now += EVERY_SECONDS
    denials.note(ada, Scope.CANCEL, "POST /cancel", "g")
    await until(lambda: len(told) == 4)

    assert [(one.actor and one.actor.id, one.permission, one.flow_run_id) for one in told] == [
        ("ada", "cancel", "f"),
        ("ada", "admin", "f"),
        ("bob", "cancel", "f"),
        ("ada", "cancel", "g"),
    ]


@pytest.mark.parametrize("wanted", ["/", "/flow-runs/a%20b?answer=x", "/stuck", "/a:b"])
def test_a_page_of_this_server_is_where_one_goes_after_signing_in(wanted: str) -> None:
    assert inside(wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    ["", "//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)",
     "\t//evil.example", "/\n/evil.example", "evil", "http:evil.example", "///evil.example"],
)  # fmt: skip
def test_no_link_leads_elsewhere_after_signing_in(wanted: str) -> None:
    assert inside(wanted) == "/"
