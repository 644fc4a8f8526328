"""The pages of bulk cancellations without a browser: who may send their forms, and how often."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenarios.bulk import Bulk
from tests.scenarios.harness import Scene, types_of
from tests.scenarios.http.http_api import Api, serving
from tests.scenarios.web.browsing import form_of
from tests.scenarios.web.test_web_pages import html, shown


@pytest.fixture
async def api(scene: Scene, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(scene.house, tmp_path) as api:
        yield api


async def test_a_form_that_is_sent_twice_describes_one(scene: Scene, api: Api) -> None:
    fields = {**form_of(await shown(api, "/bulk/new")), "labels": f"of={scene.named('nobody')}"}

    answers = [(await api.client.post("/bulk/new", data=fields)) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    (where,) = {answer.headers["location"] for answer in answers}
    await scene.event(where.rpartition("/")[2], "bulk.created")
    assert types_of(scene.events(where.rpartition("/")[2])) == ["bulk.created"]
    assert "Counting" in await shown(api, where)


async def test_a_form_of_another_page_moves_nothing(scene: Scene, api: Api) -> None:
    bulk = Bulk(scene)
    await bulk.ask("create", where={"labels": {"of": bulk.bulk_id}})
    await api.has_read(scene, bulk.bulk_id)
    path = f"/bulk/{bulk.bulk_id}"
    form = form_of(await shown(api, f"{path}/stop"))
    refused = {"token": "0" * 64}

    for step in ("start", "pause", "resume", "stop"):
        response = await api.client.post(f"{path}/{step}", data=refused)
        assert response.status_code == 403, response.text
        assert "expected a form of a page of this server" in html(response)
    assert (await api.client.post("/bulk/new", data=refused)).status_code == 403
    assert types_of(scene.events(bulk.bulk_id)) == ["bulk.created"]
    assert (await api.client.post(f"{path}/stop", data=form)).status_code == 303
    await api.has_read(scene, bulk.bulk_id)
    assert "discarded before it was started" in await shown(api, path)


async def test_what_cannot_be_is_told_by_a_page(scene: Scene, api: Api, tmp_path: Path) -> None:
    bulk = Bulk(scene)
    await bulk.ask("create", where={})
    await bulk.ask("stop")
    await api.has_read(scene, bulk.bulk_id)
    path = f"/bulk/{bulk.bulk_id}"
    form = form_of(await shown(api, f"{path}/stop"))

    for step in ("pause", "resume"):
        response = await api.client.post(f"{path}/{step}", data=form)
        assert response.status_code == 409
        assert "finished is final" in html(response)
        assert f'href="{path}"' in response.text
    # It is so already, and that is shown.
    assert (await api.client.post(f"{path}/stop", data=form)).status_code == 303
    assert "No such bulk cancellation" in await shown(api, f"/bulk/{scene.named('nobody')}", 404)
    await shown(api, "/bulk", 400, cursor="bm8")
    (tmp_path / "read-model-1.db").rename(tmp_path / "away")
    for where in ("/bulk", path, f"{path}/stop"):
        assert "Nothing can be looked up now" in await shown(api, where, 503)
    assert re.search("<textarea", await shown(api, "/bulk/new"))


@pytest.mark.usefixtures("swept")
async def test_a_preview_names_what_it_means_and_old_drafts_are_put_away(
    scene: Scene, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk, meant = Bulk(scene), scene.named("one")
    about = {"name": "backfill", "labels": {"of": bulk.bulk_id}}
    await scene.answer_to({"type": "flow.register", "flow_run_id": meant, **about})
    await bulk.create(reason="wrong table")
    await api.has_read(scene, meant)
    await api.has_read(scene, bulk.bulk_id)

    preview = await shown(api, f"/bulk/{bulk.bulk_id}")
    assert f'>backfill</a> <span class="id">{meant}</span>' in preview
    assert bulk.bulk_id in (await api.client.get("/bulk")).text
    monkeypatch.setattr("rescind.server.web.lists.bulks.DRAFTS_SHOWN_MS", -60_000)
    later = (await api.client.get("/bulk")).text
    assert f'id="bulk-{bulk.bulk_id}"' not in later
    assert 'id="old-drafts"' in later
    assert f'id="bulk-{bulk.bulk_id}"' in (await api.client.get("/bulk?state=Draft")).text
