"""Who is held to namespaces may cancel many there, and there alone."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from rescind.access.tokens import Scope
from tests.scenarios.harness import Scene
from tests.scenarios.http.http_access import shows
from tests.scenarios.http.http_api import Api, problem, serving
from tests.scenarios.http.http_bulk import ALL, ByHttp, is_over

pytestmark = pytest.mark.usefixtures("swept")


@pytest.fixture
async def api(scene: Scene, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(scene.house, tmp_path, access="tokens") as api:
        yield api


async def described(scene: Scene, api: Api, **where: Any) -> ByHttp:
    """A draft that is counted."""
    bulk = ByHttp(scene, api.client)
    made = await bulk.post("", where=where)
    assert made.status_code == 201, made.text
    bulk.bulk_id = made.json()["bulk_id"]
    await bulk.until(lambda shown: shown["count"] is not None)
    return bulk


async def test_who_is_held_to_a_namespace_cancels_many_there(scene: Scene, api: Api) -> None:
    ours, theirs = scene.named("ours"), scene.named("theirs")
    flow, other = [
        await scene.begun(f"in-{name}", ["t"], namespace=name) for name in (ours, theirs)
    ]
    await shows(scene, api, Scope.READ, Scope.CANCEL, namespaces=[ours])
    bulk = await described(scene, api, namespaces=[ours])

    assert await bulk.outcome("start") == "started"
    over = await bulk.until(is_over)

    assert (over["count"], over["samples"]) == (1, [flow.flow_run_id])
    assert await bulk.outcomes() == [(flow.flow_run_id, "took_effect")]
    await scene.event(flow.flow_run_id, "flow.cancelling")
    assert scene.events(other.flow_run_id, "flow.cancel") == []


@pytest.mark.parametrize("meant", [[], ["theirs"], ["ours", "theirs"]])
async def test_they_describe_none_that_could_mean_more(
    scene: Scene, api: Api, meant: list[str]
) -> None:
    await shows(scene, api, Scope.READ, Scope.CANCEL, namespaces=["ours", "mine"])

    refused = await ByHttp(scene, api.client).post("", where={"namespaces": meant, "names": ["x"]})

    assert "expected namespaces out of ours, mine" in problem(refused, 403, "not-allowed")["detail"]


async def test_one_of_others_is_to_them_as_none(scene: Scene, api: Api) -> None:
    await shows(scene, api, Scope.ADMIN)
    ours, theirs = scene.named("ours"), scene.named("theirs")
    wide = await described(scene, api, namespaces=[ours, theirs])
    own = await described(scene, api, namespaces=[ours])
    everywhere = await described(scene, api, names=[scene.named("x")])
    await shows(scene, api, Scope.READ, Scope.CANCEL, namespaces=[ours])
    nobody = ByHttp(scene, api.client)
    nobody.bulk_id = "bulk-nobody"

    listed = (await api.get("/bulk-cancellations", limit=1)).json()
    assert [one["bulk_id"] for one in listed["items"]] == [own.bulk_id]
    assert listed["cursor"] is None
    for bulk in (wide, everywhere, nobody):
        steps = [await bulk.post(step) for step in ("start", "pause", "resume", "stop")]
        path = f"{ALL}/{bulk.bulk_id}"
        looks = [await api.client.get(path), await api.client.get(f"{path}/items")]
        follows = await api.get("/events", bulk_id=bulk.bulk_id)
        details = {
            problem(answer, 404, "unknown-bulk")["detail"] for answer in [*steps, *looks, follows]
        }
        assert details == {
            f"expected a bulk cancellation that is known, but {bulk.bulk_id!r} is not"
        }
    assert (await own.shown())["state"] == "Draft.Counted"
