"""The pages that are lists: what they are filtered by, what they count, what they put away."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.harness import Scene
from tests.scenarios.http.http_api import Api, serving
from tests.scenarios.web.test_web_pages import html, shown


@pytest.fixture
async def api(scene: Scene, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(scene.house, tmp_path) as api:
        yield api


async def test_the_list_is_filtered_counted_and_paged(scene: Scene, api: Api) -> None:
    of = scene.named("of")
    names = [scene.named(f"run-{number:02}") for number in range(52)]
    for name in names:
        about = {"type": "flow.register", "flow_run_id": name, "labels": {"of": of}}
        await scene.answer_to(about)
    await scene.cancel(names[3])
    for name in names:
        await api.has_read(scene, name)

    first = await shown(api, "/", label=f"of={of}")
    assert "50 shown" in first
    assert names[51] in first
    assert names[0] not in first
    following = re.search(r'id="next-page" href="([^"]+)"', first)
    assert following is not None
    second = await shown(api, following[1].replace("&amp;", "&"))
    assert "2 shown" in second
    assert names[0] in second
    assert names[51] not in second

    cancelled = await shown(api, "/", label=f"of={of}", state="Finished.Cancelled")
    assert re.findall(r'id="run-([^"]+)"', cancelled) == [names[3]]
    assert "No flow run fits" in await shown(api, "/", text=scene.named("nobody"))
    assert "KEY=VALUE" in await shown(api, "/", label="alone")
    # Others may have left something that is stuck: the cluster is shared.
    assert names[3] not in await shown(api, "/stuck")
    await shown(api, "/", 400, cursor="bm8")


async def test_the_list_is_filtered_by_namespace_parent_and_time_and_says_what_it_cannot_read(
    scene: Scene, api: Api
) -> None:
    parent, child = await scene.begun("parent"), scene.named("child")
    here, there = scene.named("here"), scene.named("there")
    link = {"flow_run_id": parent.flow_run_id, "task_run_id": "c"}
    named = {"labels": {"of": scene.named("of")}}
    await parent.says("task.register", items=[child_item(child)])
    await register(scene, child, parent=link, namespace=here, **named)
    other = scene.named("other")
    await register(scene, other, namespace=there, **named)
    for name in (child, other):
        await api.has_read(scene, name)

    async def listed(**query: str) -> str:
        response = await api.client.get("/", params={"label": f"of={scene.named('of')}"} | query)
        assert response.status_code == 200, response.text
        return html(response)

    every = await listed()
    assert rows(every) == [other, child]
    assert f'title="Namespace">{here}</span>' in every
    assert f"<option>{there}</option>" in every
    assert rows(await listed(namespace=there)) == [other]
    assert rows(await listed(parent=parent.flow_run_id)) == [child]
    assert rows(await listed(since="2999-01-01T00:00")) == []
    assert rows(await listed(until="2999-01-01T00:00")) == [other, child]
    wrong = await listed(since="noon")
    assert rows(wrong) == [other, child]
    assert "Expected a time as" in wrong
    assert 'aria-describedby="since-wrong"' in wrong
    kept = await listed(namespace=there, stuck="true")
    assert "Nothing that fits is stuck" in kept
    assert re.search(r"Stuck <b>0</b>", kept)
    assert f"namespace={there}" in kept.replace("&amp;", "&")
    # A bulk cancellation knows no times: it would mean more than the list shows.
    assert 'id="cancel-these"' in every
    assert 'id="cancel-these"' not in await listed(until="2999-01-01T00:00")


async def test_a_part_of_a_name_is_no_bulk_cancellation_and_the_list_says_why(
    scene: Scene, api: Api
) -> None:
    daily = scene.named("etl-daily")
    await register(scene, daily)
    await api.has_read(scene, daily)

    page = html(await api.client.get("/", params={"text": daily[:-1]}))
    assert rows(page) == [daily]
    assert 'id="cancel-these"' not in page
    assert "a bulk cancellation takes whole ones" in page
    for other in ({}, {"text": daily, "state": "Finished"}):
        assert 'id="not-these"' not in html(await api.client.get("/", params=other))


async def register(scene: Scene, flow_run_id: str, **about: Any) -> None:
    await scene.answer_to({"type": "flow.register", "flow_run_id": flow_run_id, **about})


def child_item(flow_run_id: str) -> dict[str, str]:
    return {"task_run_id": "c", "kind": "child", "child_flow_run_id": flow_run_id}


def rows(page: str) -> list[str]:
    return re.findall(r'id="run-([^"]+)"', page)


async def test_runners_say_what_they_can_and_when_they_were_heard(scene: Scene, api: Api) -> None:
    flow = await scene.begun()
    can = {"executor": "processes", "can_interrupt": True, "can_kill": True, "survivors": "a GPU"}
    hello = {"type": "runner.register", "runner_id": flow.runner_id, "capabilities": can}
    await scene.answer_to({**hello, "pool": "etl"}, partition=scene.partition_of(flow.flow_run_id))
    await api.has_read(scene, flow.flow_run_id)

    page = await shown(api, "/runners")

    assert flow.runner_id in page
    for word in ("interrupts, kills", "may survive: a GPU", "pool etl"):
        assert word in page


async def test_who_is_gone_is_behind_a_tab_and_a_host_has_a_short_name(
    scene: Scene, api: Api
) -> None:
    machine, flow = "3d12" * 8, await scene.begun()
    partition = scene.partition_of(flow.flow_run_id)
    gone = scene.named("gone")
    about = {"scope": f"host:{machine}/4026531836", "pool": "etl"}
    for runner_id in (flow.runner_id, gone):
        hello = {"type": "runner.register", "runner_id": runner_id, **about}
        await scene.answer_to(hello, partition=partition)
    await scene.answer_to({"type": "runner.leave", "runner_id": gone}, partition=partition)
    await api.has_read(scene, flow.flow_run_id)

    living, others = await shown(api, "/runners"), await shown(api, "/runners", gone="true")

    assert flow.runner_id in living
    assert gone not in living
    assert gone in others
    assert flow.runner_id not in others
    assert re.search(r"Gone <b>[1-9]", living)
    assert f'title="host:{machine}/4026531836">host 3d123d12</span>' in living
