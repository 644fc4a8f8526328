"""Signing in: who has shown a token sees and cancels under its name, until it ends."""

import html
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import expect

from rescind.access.register import token_record
from rescind.access.tokens import Scope, Shown, Token, mint
from rescind.errors import DatabaseUnavailableError
from rescind.processors.shared.keys import signing_keys
from rescind.server.access.gate import now_ms
from tests.scenarios.harness import Scene
from tests.scenarios.http.http_access import flow_in, tell
from tests.scenarios.http.http_api import Api, serving
from tests.scenarios.web.browsing import Visitor, browser, form_of, listening_to, serious
from tests.waiting import until


@pytest.fixture
async def api(scene: Scene, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(scene.house, tmp_path, access="tokens") as api:
        yield api


async def given(scene: Scene, api: Api, *scopes: Scope, **how: Any) -> tuple[Token, Shown]:
    token, shown = mint(scene.named("ada"), scopes, now_ms=now_ms(), **how)
    await tell(scene, api, token)
    return token, shown


async def sign_in(api: Api, shown: object, wanted: str = "/") -> httpx.Response:
    form = form_of((await api.client.get("/sign-in", params={"next": wanted})).text)
    return await api.client.post("/sign-in", data={**form, "shown": str(shown)})


async def test_who_has_not_signed_in_is_led_to_the_door_and_then_to_what_they_wanted(
    scene: Scene, api: Api
) -> None:
    flow = await flow_in(scene, api, "default")
    _, shown = await given(scene, api, Scope.READ)
    wanted = f"/flow-runs/{flow.flow_run_id}/journal?cursor="

    led = await api.client.get(wanted)
    assert led.status_code == 303
    assert led.headers["location"].startswith("/sign-in?next=%2Fflow-runs%2F")
    part = await api.client.get("/", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["hx-refresh"]) == (401, "true")

    wrong = await sign_in(api, "rscd_000000000000_" + "A" * 43)
    assert wrong.status_code == 422
    assert "is not known here" in wrong.text
    inside = await sign_in(api, shown, wanted)
    assert (inside.status_code, inside.headers["location"]) == (303, wanted)
    cookie = inside.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert shown.secret not in cookie
    assert (await api.client.get(wanted)).status_code == 200


async def test_66_a_cancel_by_a_page_is_recorded_under_the_name_of_the_token(
    scene: Scene, api: Api
) -> None:
    flow = await flow_in(scene, api, "default")
    _, shown = await given(scene, api, Scope.READ, Scope.CANCEL)
    await sign_in(api, shown)
    path = f"/flow-runs/{flow.flow_run_id}/cancel"

    form = form_of((await api.client.get(path)).text)
    assert (await api.client.post(path, data=form)).status_code == 303

    await scene.journal.catches_up()
    (begun,) = scene.events(flow.flow_run_id, "flow.cancelling")
    assert begun.actor is not None
    assert (begun.actor.id, begun.actor.kind, begun.actor.verified) == (
        scene.named("ada"), "user", True
    )  # fmt: skip


async def test_a_form_of_another_session_is_not_taken(scene: Scene, api: Api) -> None:
    flow = await flow_in(scene, api, "default")
    path = f"/flow-runs/{flow.flow_run_id}/cancel"
    await sign_in(api, (await given(scene, api, Scope.ADMIN))[1])
    form = form_of((await api.client.get(path)).text)

    await sign_in(api, (await given(scene, api, Scope.ADMIN))[1])
    replayed = await api.client.post(path, data=form)
    api.client.cookies.delete("rescind_form")
    forged = await api.client.post(path, data=form)

    assert [replayed.status_code, forged.status_code] == [403, 403]
    assert "open the page again" in replayed.text
    await scene.journal.catches_up()
    assert scene.events(flow.flow_run_id, "flow.cancelling") == []


async def test_66_who_may_only_read_is_offered_no_cancel_and_is_refused_one(
    scene: Scene, api: Api
) -> None:
    flow = await flow_in(scene, api, "default")
    await sign_in(api, (await given(scene, api, Scope.READ))[1])

    page = (await api.client.get(f"/flow-runs/{flow.flow_run_id}")).text
    form = await api.client.get(f"/flow-runs/{flow.flow_run_id}/cancel")

    assert 'id="cancel"' not in page
    assert "may look, and not cancel" in page
    assert form.status_code == 403


async def test_who_is_held_to_a_namespace_describes_a_bulk_cancellation_of_it(
    scene: Scene, api: Api
) -> None:
    ours = scene.named("ours")
    token = await given(scene, api, Scope.READ, Scope.CANCEL, namespaces=[ours])
    await sign_in(api, token[1])
    page = (await api.client.get("/bulk/new")).text
    form = form_of(page)

    wider = await api.client.post("/bulk/new", data={**form, "namespaces": "", "names": "x"})
    made = await api.client.post("/bulk/new", data={**form, "namespaces": ours})

    assert f">{ours}</textarea>" in page
    assert (wider.status_code, made.status_code) == (422, 303)
    assert f"expected some of {ours}" in html.unescape(wider.text)
    listed = (await api.client.get("/bulk")).text
    assert made.headers["location"] in listed


@pytest.mark.parametrize("part", ["", "/task-runs/t"])
async def test_a_form_shows_nothing_of_a_run_elsewhere_however_it_is_asked_for(
    scene: Scene, api: Api, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = [await flow_in(scene, api, name) for name in ("ours", "theirs")]
    shown = await given(scene, api, Scope.READ, Scope.CANCEL, namespaces=["ours"])
    await sign_in(api, shown[1])
    at, elsewhere, nowhere = (
        f"/flow-runs/{one}{part}/cancel"
        for one in (ours.flow_run_id, theirs.flow_run_id, scene.named("nobody"))
    )
    form = form_of((await api.client.get(at)).text)
    wrong = {**form, "grace_seconds": "long"}

    assert (await api.client.post(at, data=wrong)).status_code == 422
    for answers in (
        [await api.client.get(path) for path in (elsewhere, nowhere)],
        [await api.client.post(path, data=wrong) for path in (elsewhere, nowhere)],
    ):
        assert [one.status_code for one in answers] == [404, 404]
        there, none = (main_of(one.text) for one in answers)
        assert there == none.replace(scene.named("nobody"), theirs.flow_run_id)

    # Whose it is cannot be looked up: then nothing of it is.
    monkeypatch.setattr(api.means.model, "present_life", away)
    for answer in (
        await api.client.get(elsewhere),
        await api.client.post(elsewhere, data=wrong),
    ):
        assert answer.status_code in (200, 422)
        assert "What it would come to is not known now" in answer.text
        for secret in ("in-theirs</h1>", theirs.runner_id, "running", "Runner"):
            assert secret not in answer.text
    await scene.journal.catches_up()
    assert scene.events(theirs.flow_run_id, "flow.cancelling") == []


def away(_: str) -> None:
    raise DatabaseUnavailableError("somebody has unplugged it")


def main_of(page: str) -> str:
    return page.partition("<main")[2]


async def test_a_session_ends_with_its_token_and_when_somebody_signs_out(
    scene: Scene, api: Api
) -> None:
    token, shown = await given(scene, api, Scope.READ)
    await sign_in(api, shown)
    assert (await api.client.get("/")).status_code == 200
    out = form_of((await api.client.get("/sign-out")).text)
    assert (await api.client.post("/sign-out", data=out)).status_code == 303
    assert (await api.client.get("/")).status_code == 303

    await sign_in(api, shown)
    assert (await api.client.get("/")).status_code == 200
    await tell(scene, api, token.model_copy(update={"revoked_at": now_ms()}))
    assert (await api.client.get("/")).status_code == 303
    api.client.cookies.set("rescind_session", "forged.cookie.value")
    assert (await api.client.get("/")).status_code == 303


async def test_who_may_only_cancel_has_no_pages(scene: Scene, api: Api) -> None:
    refused = await sign_in(api, (await given(scene, api, Scope.CANCEL))[1])

    assert refused.status_code == 422
    assert "may read" in refused.text


async def test_in_a_browser_by_the_keyboard_and_for_everybody(scene: Scene, tmp_path: Path) -> None:
    async with (
        listening_to(scene.house, tmp_path, access="tokens") as server,
        browser() as chromium,
    ):
        token, shown = mint("ada", [Scope.READ], now_ms=now_ms())
        register = server.means.register
        assert register is not None
        await scene.sender.send(
            token_record(token, scene.names, signing_keys(scene.house.settings))
        )
        await until(lambda: token in register.known())
        context = await chromium.new_context()
        host, port = server.address
        visitor = Visitor(context, await context.new_page(), f"http://{host}:{port}")
        page = visitor.page

        await visitor.goes_to("/stuck")
        await expect(page.locator("#shown")).to_be_focused()
        assert await serious(page) == []
        await page.keyboard.type(str(shown))
        await page.keyboard.press("Enter")
        await expect(page.locator("h1").first).to_contain_text("Stuck")
        await expect(page.locator(".signed-in")).to_contain_text("ada")
        await page.get_by_role("link", name="Sign out").click()
        assert await serious(page) == []
        await page.locator("#sign-out").click()
        await expect(page.locator("h1")).to_have_text("Sign in")
        assert visitor.hosts() == {f"{host}:{port}"}
        await context.close()
