"""H. Bulk cancellations over HTTP: a draft, its count, its start, and how far it is."""

import itertools
import time
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.bulk import child_that_goes_on
from tests.scenarios.harness import Scene, types_of
from tests.scenarios.http.http_api import Api, means_of, problem, serving
from tests.scenarios.http.http_bulk import ALL, ByHttp, is_over
from tests.scenarios.http.http_following import listening
from tests.waiting import until


@pytest.mark.usefixtures("swept")
async def test_56_by_http_children_of_a_parent_that_has_ended_are_cancelled(
    scene: Scene, tmp_path: Path
) -> None:
    parent, child = await child_that_goes_on(scene)

    async with serving(scene.house, tmp_path) as api:
        bulk = ByHttp(scene, api.client)
        made = await bulk.post("", where={"parent": parent})
        bulk.bulk_id = made.json()["bulk_id"]
        counted = await bulk.until(lambda shown: shown["count"] is not None)
        assert await bulk.outcome("start") == "started"
        await bulk.until(is_over)

        assert (counted["count"], counted["samples"]) == (1, [child])
        assert await bulk.outcomes() == [(child, "took_effect")]
    await scene.until_state(child, "Finished.Cancelled")


@pytest.mark.usefixtures("swept")
async def test_58_by_http_a_draft_cancels_nothing_and_what_comes_after_its_cut_is_never_hit(
    scene: Scene, tmp_path: Path
) -> None:
    async with serving(scene.house, tmp_path) as api:
        bulk = ByHttp(scene, api.client)
        before = await bulk.register("a", "b", "c")
        await bulk.begin(before[1])

        counted = await bulk.described(reason="wrong table", mode="abort")
        late = await bulk.register("late")

        assert (counted["state"], counted["count"]) == ("Draft.Counted", 3)
        assert (counted["samples"], counted["progress"]) == (before, None)
        assert not any(scene.events(flow_run_id, "flow.cancel") for flow_run_id in before)
        # Somebody else is quicker with one of them: its outcome is a refusal.
        assert "flow.cancelling" in types_of(await scene.cancel(before[1], mode="abort"))
        assert await bulk.outcome("start") == "started"
        over = await bulk.until(is_over)

        assert over["state"] == "Finished.Completed"
        assert over["progress"] | {"last_asked_at": None} == {
            "asked": 3,
            "of": 3,
            "outcomes": {"took_effect": 2, "already_cancelling": 1},
            "last_asked_at": None,
            "per_second": None,
            "seconds_left": None,
        }
        assert await bulk.outcomes("already_cancelling") == [(before[1], "already_cancelling")]
        assert await bulk.outcomes("took_effect") == [
            (before[0], "took_effect"),
            (before[2], "took_effect"),
        ]
        await check_steps_that_cannot_be(bulk, api)
    for flow_run_id in (before[0], before[2]):
        state = await scene.until_state(flow_run_id, "Finished.Cancelled")
        assert state.cancellation is not None
        assert state.cancellation.bulk_id == bulk.bulk_id
        assert state.cancellation.reason == "wrong table"
    assert types_of(scene.events(late[0])) == ["flow.registered"]


async def check_steps_that_cannot_be(bulk: ByHttp, api: Api) -> None:
    """Of one that is over, and of one that nobody knows."""
    over = problem(await bulk.post("pause"), 409, "finished")
    assert (over["code"], over["state"]) == ("already_finished", "Finished.Completed")
    assert over["remedy"]
    unknown = ByHttp(bulk.scene, api.client)
    unknown.bulk_id = "nobody-knows-it"
    for step in ("start", "pause", "resume", "stop"):
        problem(await unknown.post(step), 404, "unknown-bulk")
    problem(await api.get("/bulk-cancellations/nobody-knows-it"), 404, "unknown-bulk")
    problem(await api.get("/bulk-cancellations/nobody-knows-it/items"), 404, "unknown-bulk")


async def test_59_by_http_it_is_paused_everything_is_restarted_and_it_goes_on_at_its_cursor(
    own: Scene, tmp_path: Path
) -> None:
    worker, agents = own.house.worker(), own.house.agents()
    async with serving(own.house, tmp_path) as api:
        bulk = ByHttp(own, api.client)
        meant = await bulk.register(*map(str, range(12)))
        await bulk.described(runs_per_second=4)
        # One of them will have been cancelled by somebody else: a refusal is an outcome too.
        await own.cancel(meant[-1])
        assert await bulk.outcome("start") == "started"
        await bulk.until(lambda shown: shown["progress"]["asked"] >= 2)
        assert await bulk.outcome("pause") == "paused"
        assert await bulk.outcome("pause") == "unchanged"
        problem(await bulk.post("start"), 409, "refused")

    for process in (worker, agents):
        process.terminate()
        assert process.wait() == 0, process.said()
    own.house.worker()
    own.house.agents()

    async with serving(own.house, tmp_path) as api:
        bulk.through(api.client)
        held = await bulk.shown()
        assert held["state"] == "Paused"
        assert held["progress"]["asked"] < len(meant)
        assert await bulk.outcome("resume") == "resumed"
        over = await bulk.until(is_over)

        asked = await bulk.outcomes()
        # What has ended by its turn is not asked, or refuses.
        assert [flow_run_id for flow_run_id, _ in asked[:11]] == meant[:11]
        assert [outcome for _, outcome in asked[:11]] == ["took_effect"] * 11
        assert asked[11:] in ([], [(meant[11], "already_finished")])
        assert over["progress"]["asked"] == len(asked)
    for flow_run_id in meant:
        assert types_of(own.events(flow_run_id, "flow.cancel")) == ["flow.cancelled"]


@pytest.mark.usefixtures("swept")
async def test_60_by_http_the_rate_holds_and_a_single_cancel_is_not_delayed(
    scene: Scene, tmp_path: Path
) -> None:
    alone = await scene.begun("alone")
    async with serving(scene.house, tmp_path) as api:
        bulk = ByHttp(scene, api.client)
        meant = await bulk.register(*map(str, range(20)))
        await bulk.described(runs_per_second=10)
        await bulk.outcome("start")
        running = await bulk.until(lambda shown: shown["progress"]["asked"] >= 6)
        single = await api.cancel(alone.flow_run_id)

        assert single.status_code == 202
        assert running["state"] == "Running"
        assert 0 < running["progress"]["per_second"] < 20
        assert 0 < running["progress"]["seconds_left"] < 60
        assert (await bulk.shown())["state"] == "Running"
        await bulk.until(is_over)
    last = scene.events(meant[-1], "flow.cancelled")[0]
    started = await bulk.event("started")
    # A part of a quarter of a second may go at once.
    assert last.at_ms - started.at_ms >= (len(meant) - 3) / 10 * 1000


async def test_many_have_to_be_confirmed_by_their_number(own: Scene, tmp_path: Path) -> None:
    house = own.house
    house.worker(bulk_unconfirmed_max=2)
    house.agents()
    async with serving(house, tmp_path, bulk_unconfirmed_max=2) as api:
        bulk = ByHttp(own, api.client)
        await bulk.register("a", "b", "c")
        counted = await bulk.described()

        assert counted["needs_confirmation"] is True
        refused = problem(await bulk.post("start"), 409, "confirmation-needed")
        assert (refused["code"], refused["count"]) == ("confirmation_needed", 3)
        assert "confirmed_count" in refused["remedy"]
        problem(await bulk.post("start", confirmed_count=2), 409, "confirmation-needed")
        assert await bulk.outcome("start", confirmed_count=3) == "started"
        assert (await bulk.until(is_over))["progress"]["asked"] == 3


@pytest.mark.usefixtures("swept")
async def test_under_one_key_it_is_created_once_whichever_server_is_asked(
    scene: Scene, tmp_path: Path
) -> None:
    where = {"labels": {"of": scene.named("nobody")}}
    key = scene.named("key")
    async with serving(scene.house, tmp_path) as api:
        bulk = ByHttp(scene, api.client)
        first = await bulk.post("", key=key, where=where, reason="once")
        again = await bulk.post("", key=key, where=where, reason="once")
        otherwise = await bulk.post("", key=key, where=where, reason="something else")
        # Its read model is empty: it knows by the service itself.
        async with serving(scene.house, tmp_path / "other") as other:
            bulk.through(other.client)
            elsewhere = await bulk.post("", key=key, where=where, reason="once")
            # Until it has read what others have done here, it can show nothing of it.
            end = time.monotonic() + 60
            while elsewhere.status_code == 202 and time.monotonic() < end:
                elsewhere = await bulk.post("", key=key, where=where, reason="once")

    assert (first.status_code, again.status_code, elsewhere.status_code) == (201, 201, 201)
    bulk_id = first.json()["bulk_id"]
    assert again.json()["bulk_id"] == elsewhere.json()["bulk_id"] == bulk_id
    problem(otherwise, 422, "key-used-otherwise")
    assert types_of(scene.events(bulk_id, "bulk.created")) == ["bulk.created"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"where": None},
        {"where": {"label": {"a": "b"}}},
        {"where": {"states": ["Finished"]}},
        {"where": {"states": ["Rnning"]}},
        {"where": {"names": "nightly"}},
        {"where": {}, "runs_per_second": 0},
        {"where": {}, "runs_per_second": "20"},
        {"where": {}, "grace_seconds": -1},
        {"where": {}, "mode": "softly"},
        {"where": {}, "reson": "typed in haste"},
        {"where": {"parent": "@all"}},
    ],
)
async def test_what_it_cannot_be_is_refused_before_anybody_is_asked(
    scene: Scene, tmp_path: Path, body: dict[str, Any]
) -> None:
    async with serving(scene.house, tmp_path) as api:
        response = await api.client.post(ALL, json=body)

        assert problem(response, 422, "invalid-request")["errors"]


@pytest.mark.usefixtures("swept")
async def test_they_are_listed_by_state_and_followed_as_they_go(
    scene: Scene, tmp_path: Path
) -> None:
    async with listening(means_of(scene.house, tmp_path, http_port=0)) as server:
        means = server.means
        await until(lambda: not means.no_kafka and not means.no_reads, within_seconds=60)
        bulk = ByHttp(scene, server.client)
        (meant,) = await bulk.register("one")
        await bulk.described()
        async with server.follow(bulk_id=bulk.bulk_id, after="0:0,1:0") as following:
            await anext(following)
            await bulk.outcome("start")
            came = [(await anext(following))[1] for _ in range(5)]
        await bulk.until(is_over)
        drafts = await server.client.get(ALL, params={"state": "Draft", "limit": 1000})
        finished = await server.client.get(ALL, params={"state": "Finished", "limit": 1000})
        both = {"flow_run_id": meant, "bulk_id": bulk.bulk_id}
        problem(await server.client.get("/api/v1/events", params=both), 422, "invalid-request")

    kinds = ["created", "counted", "started", "progressed", "completed"]
    assert [event["type"] for event in came] == [f"bulk.{kind}.v1" for kind in kinds]
    assert bulk.bulk_id not in {one["bulk_id"] for one in drafts.json()["items"]}
    assert bulk.bulk_id in {one["bulk_id"] for one in finished.json()["items"]}
    newest = [one["created_at"] for one in finished.json()["items"]]
    assert all(later >= earlier for later, earlier in itertools.pairwise(newest))
