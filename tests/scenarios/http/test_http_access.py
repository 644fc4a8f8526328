"""Who may ask by HTTP, and who is told what of those who may not."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rescind.access.tokens import Scope
from rescind.server.access.gate import now_ms
from tests.scenarios.harness import Scene
from tests.scenarios.http.http_access import flow_in, shows, tell
from tests.scenarios.http.http_api import Api, means_of, problem, serving
from tests.scenarios.http.http_following import listening
from tests.waiting import until


@pytest.fixture
async def api(scene: Scene, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(scene.house, tmp_path, access="tokens") as api:
        yield api


async def test_66_who_may_only_read_sees_and_cannot_cancel_and_the_journal_says_who_tried(
    scene: Scene, api: Api
) -> None:
    flow = await flow_in(scene, api, "default")
    await shows(scene, api, Scope.READ)
    path = f"/flow-runs/{flow.flow_run_id}"

    seen = await api.get(path)
    refused = [await api.cancel(flow.flow_run_id) for _ in range(5)]
    refused.append(await api.cancel(flow.flow_run_id, "t"))

    assert seen.json()["state"] == "Running"
    said = problem(refused[0], 403, "not-allowed")
    assert "may 'cancel'" in said["detail"]
    assert {one.status_code for one in refused} == {403}
    await until(lambda: bool(scene.events(flow.flow_run_id, "request.denied")))
    await api.has_read(scene, flow.flow_run_id)
    (denied,) = scene.events(flow.flow_run_id, "request.denied")
    assert denied.actor is not None
    assert (denied.actor.id, denied.actor.verified) == (scene.named("ada"), True)
    assert denied.event.model_dump()["permission"] == "cancel"
    assert (await api.get(path)).json()["state"] == "Running"


async def test_66_who_may_cancel_is_named_in_the_journal_as_attested(
    scene: Scene, api: Api
) -> None:
    flow = await flow_in(scene, api, "default")
    await shows(scene, api, Scope.CANCEL, kind="service")

    answer = await api.cancel(flow.flow_run_id, reason="enough")
    unseen = await api.get(f"/flow-runs/{flow.flow_run_id}")

    assert answer.status_code == 202
    await scene.journal.catches_up()
    (begun,) = scene.events(flow.flow_run_id, "flow.cancelling")
    assert begun.actor is not None
    assert begun.actor.model_dump() == {
        "kind": "service",
        "id": scene.named("ada"),
        "verified": True,
    }
    problem(unseen, 403, "not-allowed")


async def test_a_token_ends_with_its_time_its_revocation_or_its_secret(
    scene: Scene, api: Api
) -> None:
    flow = await flow_in(scene, api, "default")
    nobody = await api.cancel(flow.flow_run_id)
    api.client.headers["authorization"] = "Basic YWRhOng="
    otherwise = await api.cancel(flow.flow_run_id)
    await shows(scene, api, Scope.ADMIN, expires_ms=now_ms() - 1)
    stale = await api.cancel(flow.flow_run_id)

    live = await shows(scene, api, Scope.ADMIN)
    assert (await api.get("/flow-run-counts")).status_code == 200
    await tell(scene, api, live.model_copy(update={"revoked_at": now_ms()}))
    revoked = await api.cancel(flow.flow_run_id)

    for answer, words in ((nobody, "there is none"), (otherwise, "another scheme"),
                          (stale, "has expired"), (revoked, "been revoked")):  # fmt: skip
        assert words in problem(answer, 401, "unauthenticated")["detail"]
        assert answer.headers["www-authenticate"] == 'Bearer realm="rescind"'
    await scene.journal.catches_up()
    assert scene.events(flow.flow_run_id, "flow.cancelling") == []


async def test_who_is_held_to_a_namespace_sees_and_cancels_there_alone(
    scene: Scene, api: Api
) -> None:
    ours, theirs = [await flow_in(scene, api, name) for name in ("ours", "theirs")]
    await shows(scene, api, Scope.READ, Scope.CANCEL, namespaces=["ours"])

    listed = (await api.get("/flow-runs", limit=1000)).json()["items"]
    counted = (await api.get("/flow-run-counts")).json()["total"]
    assert {one["namespace"] for one in listed} == {"ours"}
    assert counted == len(listed)
    assert (await api.get("/flow-runs", namespace="theirs")).json()["items"] == []
    assert (await api.get(f"/flow-runs/{ours.flow_run_id}")).status_code == 200
    of_one = f"/flow-runs/{theirs.flow_run_id}"
    for path in ("", "/timeline", "/can-cancel", "/cancellation", "/task-runs", "/task-runs/t"):
        elsewhere = problem(await api.get(of_one + path), 404, "unknown-run")
        nowhere = await api.get(f"/flow-runs/{scene.named('nobody')}{path}")
        expected = problem(nowhere, 404, "unknown-run")["detail"]
        assert elsewhere["detail"] == expected.replace(scene.named("nobody"), theirs.flow_run_id)
    problem(await api.get("/events", flow_run_id=theirs.flow_run_id), 404, "unknown-run")
    problem(await api.get("/events"), 403, "not-allowed")

    problem(await api.cancel(theirs.flow_run_id), 404, "unknown-run")
    problem(await api.cancel(theirs.flow_run_id, "t"), 404, "unknown-run")
    assert (await api.cancel(ours.flow_run_id)).status_code == 202
    await scene.journal.catches_up()
    assert scene.events(theirs.flow_run_id, "flow.cancelling") == []


async def test_a_cancel_elsewhere_is_answered_like_one_of_what_is_not_there(
    scene: Scene, api: Api
) -> None:
    theirs = await flow_in(scene, api, "theirs")
    await shows(scene, api, Scope.CANCEL, namespaces=["ours"])
    nobody = scene.named("nobody")

    for task in (None, "t"):
        elsewhere = (await api.cancel(theirs.flow_run_id, task)).json()
        nowhere = (await api.cancel(nobody, task)).json()
        assert elsewhere["type"] == "urn:rescind:problem:unknown-run"
        assert elsewhere.pop("request_id") != nowhere.pop("request_id")
        assert str(elsewhere) == str(nowhere).replace(nobody, theirs.flow_run_id)
    await scene.journal.catches_up()
    assert scene.events(theirs.flow_run_id, "flow.cancelling") == []
    assert len(scene.events(theirs.flow_run_id, "request.refused")) == 2


async def test_a_key_is_its_token_s_and_two_who_choose_the_same_never_meet(
    scene: Scene, api: Api
) -> None:
    ours = await flow_in(scene, api, "ours")
    await shows(scene, api, Scope.CANCEL, namespaces=["theirs"])
    refused = await api.cancel(ours.flow_run_id, key="nightly", reason="not mine")
    await shows(scene, api, Scope.CANCEL, namespaces=["ours"])
    await api.has_read(scene, ours.flow_run_id)

    taken = await api.cancel(ours.flow_run_id, key="nightly", reason="mine")

    problem(refused, 404, "unknown-run")
    assert (taken.status_code, taken.json()["outcome"]) == (202, "cancelling")


async def test_who_follows_is_let_go_when_the_token_is_revoked(
    scene: Scene, tmp_path: Path
) -> None:
    means = means_of(scene.house, tmp_path, http_port=0, access="tokens")
    async with listening(means) as server:
        await until(lambda: not means.no_kafka and not means.no_reads, within_seconds=60)
        api = Api(means, server.client)
        token = await shows(scene, api, Scope.READ)
        async with server.follow() as following:
            await anext(following)
            await tell(scene, api, token.model_copy(update={"revoked_at": now_ms()}))
            async with asyncio.timeout(60):
                async for _ in following:
                    pass
        await until(lambda: means.streams == 0)


async def test_of_an_id_with_several_lives_who_is_held_to_a_namespace_sees_the_present_one(
    own: Scene, tmp_path: Path
) -> None:
    own.house.worker(forget_after_seconds=0.5)
    async with serving(own.house, tmp_path, access="tokens") as api:
        name = own.named("report")
        about = {"type": "flow.register", "flow_run_id": name}
        await own.answer_to({**about, "namespace": "theirs", "name": "secret"})
        await own.cancel(name, reason="secret")
        await until(lambda: bool(own.events(name, "flow.forgotten")), within_seconds=60)
        await own.answer_to({**about, "namespace": "ours"})
        await api.has_read(own, name)

        await shows(own, api, Scope.READ)
        whole = (await api.get(f"/flow-runs/{name}/timeline")).text
        await shows(own, api, Scope.READ, namespaces=["ours"])
        present = await api.get(f"/flow-runs/{name}/timeline")

        assert "secret" in whole
        assert "secret" not in present.text
        assert [one["type"] for one in present.json()["items"]] == ["flow.registered.v1"]


async def test_the_service_decides_what_is_elsewhere_also_when_nobody_here_has_read_it_yet(
    scene: Scene, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = await flow_in(scene, api, "theirs")
    await shows(scene, api, Scope.CANCEL, namespaces=["ours"])
    # As it is for a moment after the registration: the read model has not come to it.
    monkeypatch.setattr(api.means.model, "present_life", lambda _: None)

    problem(await api.cancel(theirs.flow_run_id), 404, "unknown-run")
    problem(await api.cancel(scene.named("nobody")), 404, "unknown-run")
    await scene.journal.catches_up()
    assert scene.events(theirs.flow_run_id, "flow.cancelling") == []
