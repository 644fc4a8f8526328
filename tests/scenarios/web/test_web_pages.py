"""Pages without a browser: what they show, what they refuse, what every answer to a cancel says."""

import re
from collections.abc import AsyncIterator
from html import escape
from pathlib import Path

import httpx
import pytest

from tests.scenarios.harness import Scene
from tests.scenarios.http.http_api import Api, serving
from tests.scenarios.web.browsing import form_of

SCRIPT = '<script>alert("x")</script>'


@pytest.fixture
async def api(scene: Scene, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(scene.house, tmp_path) as api:
        yield api


async def shown(api: Api, path: str, status: int = 200, **query: str) -> str:
    """A page; whatever it is, nothing of another host and nothing inline may be run by it."""
    response = await api.client.get(path, params=query or None)
    assert response.status_code == status, response.text
    return html(response)


def html(response: httpx.Response) -> str:
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert (
        re.findall(r"<style|\sstyle=|\son\w+=|<script(?! defer src=\"/static/)", response.text)
        == []
    )
    return response.text


async def ask(api: Api, flow_run_id: str, **fields: str) -> httpx.Response:
    """Open the form, fill it in, send it."""
    path = f"/flow-runs/{flow_run_id}/cancel"
    form = form_of(await shown(api, path))
    return await api.client.post(path, data={**form, **fields})


async def test_what_others_have_named_is_shown_as_it_is_and_never_run(
    scene: Scene, api: Api
) -> None:
    flow_run_id = scene.named("<i>")
    named = {"name": SCRIPT, "labels": {SCRIPT: SCRIPT}}
    await scene.answer_to({"type": "flow.register", "flow_run_id": flow_run_id, **named})
    await scene.cancel(flow_run_id, reason=SCRIPT)
    await api.has_read(scene, flow_run_id)

    at = f"/flow-runs/{flow_run_id}"
    for path in ("/", at, f"{at}/cancel", f"{at}/journal"):
        page = await shown(api, path)
        assert SCRIPT not in page
        assert "<i>" not in page
        assert escape("<script>") in page
    assert SCRIPT not in await shown(api, f"/flow-runs/{SCRIPT.replace('/', '')}", 404)


async def test_03_04_05_06_48_every_answer_to_a_cancel_has_its_words(
    scene: Scene, api: Api
) -> None:
    running, pending = await scene.begun(tasks=["t"]), scene.named("pending")
    await scene.answer_to({"type": "flow.register", "flow_run_id": pending})
    await api.has_read(scene, pending)
    await api.has_read(scene, running.flow_run_id)

    form = await shown(api, f"/flow-runs/{running.flow_run_id}/cancel")
    assert "<b>2</b> running" in form
    assert "cannot be stopped: waited for" in form

    for mode, outcome, words in (
        ("graceful", "cancelling", "Being cancelled"),
        ("graceful", "already_cancelling", "Already being cancelled"),
        ("abort", "escalated", "Being aborted"),
    ):
        said = await ask(api, running.flow_run_id, mode=mode, reason="enough")
        assert said.status_code == 303, said.text
        assert said.headers["location"].endswith(f"?answer={outcome}")
        await api.has_read(scene, running.flow_run_id)
        page = await shown(api, said.headers["location"])
        assert words in page
        assert "enough" in page
        assert "service web-ui" in page

    said = await ask(api, pending)
    assert said.headers["location"].endswith("?answer=cancelled")
    await api.has_read(scene, pending)
    again = await ask(api, pending)
    assert again.status_code == 409
    assert "finished is final" in html(again)

    unknown = await ask(api, scene.named("unknown"))
    assert unknown.status_code == 202
    assert "Armed" in html(unknown)
    await api.has_read(scene, scene.named("unknown"))
    assert "A cancel waits for it" in await shown(api, f"/flow-runs/{scene.named('unknown')}")

    wrong = await ask(api, running.flow_run_id, grace_seconds="a while")
    assert wrong.status_code == 422
    assert "expected a number of seconds" in html(wrong)
    wrong = await ask(api, running.flow_run_id, grace_seconds="-1")
    assert wrong.status_code == 422
    assert 'aria-describedby="grace-wrong"' in html(wrong)


async def test_a_form_that_is_sent_twice_asks_once(scene: Scene, api: Api) -> None:
    flow = await scene.begun(tasks=["t"])
    path = f"/flow-runs/{flow.flow_run_id}/cancel"
    form = form_of(await shown(api, path))

    answers = [(await api.client.post(path, data=form)).headers["location"] for _ in range(2)]
    other = await api.client.post(path, data={**form, "reason": "second thoughts"})

    assert answers[0] == answers[1]
    assert other.status_code == 422
    assert "This form was sent before" in html(other)
    assert "a new key" not in html(other)
    await scene.event(flow.flow_run_id, "cancellation.sent")
    assert scene.events(flow.flow_run_id, "request.refused") == []


async def test_a_form_of_another_page_cancels_nothing(scene: Scene, api: Api) -> None:
    flow = await scene.begun(tasks=["t"])
    path = f"/flow-runs/{flow.flow_run_id}/cancel"
    form = form_of(await shown(api, path))
    (cookie,) = api.client.cookies.jar
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "strict"

    async def refused(data: dict[str, str]) -> None:
        response = await api.client.post(path, data=data)
        assert response.status_code == 403, response.text
        assert "expected a form of a page of this server" in html(response)

    await refused({"key": form["key"]})
    await refused({**form, "token": "0" * 64})
    api.client.cookies.clear()
    await refused(form)
    api.client.cookies.set("rescind_form", "a" * 43)
    await refused(form)
    other = {"Origin": "http://evil.example"}
    assert (await api.client.post(path, data=form, headers=other)).status_code == 403

    await api.has_read(scene, flow.flow_run_id)
    assert scene.events(flow.flow_run_id, "flow.cancelling") == []


async def test_while_the_read_model_is_away_pages_say_why_and_cancels_go(
    scene: Scene, api: Api, tmp_path: Path
) -> None:
    flow = await scene.begun(tasks=["t"])
    await api.has_read(scene, flow.flow_run_id)
    at = f"/flow-runs/{flow.flow_run_id}"
    table_file = tmp_path / "read-model-1.db"
    table_file.rename(tmp_path / "away")
    for path in ("/", at, f"{at}/journal", "/runners", "/stuck"):
        page = await shown(api, path, 503)
        assert "Nothing can be looked up now" in page
        assert "unable to open database file" not in page
        assert "RESCIND_" not in page
    form = await shown(api, f"{at}/cancel")
    assert "What it would come to is not known now" in form
    said = await api.client.post(f"{at}/cancel", data=form_of(form))
    assert said.headers["location"].endswith("?answer=cancelling")
    await scene.event(flow.flow_run_id, "flow.cancelling")


async def test_files_are_kept_by_browsers_and_nothing_else_is_sent(api: Api) -> None:
    page = await shown(api, "/")
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert len(files) == 5
    for file in files:
        response = await api.client.get(file)
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]
    for name in ("../routes.py", "..%2Froutes.py", "nothing.js"):
        assert (await api.client.get(f"/static/{name}")).status_code == 404


async def test_an_address_that_leads_to_nothing_is_a_page_for_a_person_and_a_problem_for_a_program(
    api: Api,
) -> None:
    path = "/no/such" + "/<b>page</b>"
    person = await api.client.get(path, headers={"Accept": "text/html,*/*"})
    program = await api.client.get(path)
    of_the_api = await api.client.get("/api/v1/no-such", headers={"Accept": "text/html"})

    assert person.status_code == program.status_code == of_the_api.status_code == 404
    assert "There is no such page" in html(person)
    assert "<b>" not in person.text
    for answer in (program, of_the_api):
        assert answer.headers["content-type"] == "application/problem+json"
