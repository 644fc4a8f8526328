"""Cancels by HTTP: every answer that there is, and what cannot be asked."""

import asyncio
from pathlib import Path

import pytest

from rescind.events.journal import Entry, FlowCancelling
from tests.scenarios.harness import Scene
from tests.scenarios.http.http_api import Api, problem, serving

TRACED = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_03_a_second_cancel_is_answered_with_the_first(scene: Scene, api: Api) -> None:
    flow = await scene.begun(tasks=["t"])

    first = await api.cancel(flow.flow_run_id, reason="enough", grace_seconds=9)
    # What it says of an earlier cancel it has from the read model, and waits for that but briefly.
    await api.has_read(scene, flow.flow_run_id)
    second = await api.cancel(flow.flow_run_id, reason="me too")
    abort = await api.cancel(flow.flow_run_id, mode="abort")

    assert [r.status_code for r in (first, second, abort)] == [202, 202, 202]
    outcomes = [r.json()["outcome"] for r in (first, second, abort)]
    assert outcomes == ["cancelling", "already_cancelling", "escalated"]
    agreed = first.json()["cancellation"]
    assert (agreed["reason"], agreed["grace_seconds"], agreed["mode"]) == ("enough", 9, "graceful")
    assert agreed["asked_by"] == {"kind": "service", "id": "http-api", "verified": True}
    assert second.json()["cancellation"] == agreed
    aborted = abort.json()["cancellation"]
    assert (aborted["cancellation_id"], aborted["mode"]) == (agreed["cancellation_id"], "abort")
    assert first.headers["Location"] == f"/api/v1/flow-runs/{flow.flow_run_id}/cancellation"
    await scene.journal.catches_up()
    (begun,) = scene.events(flow.flow_run_id, "flow.cancelling")
    assert begun.request_id == first.json()["request_id"]


@pytest.mark.parametrize(
    "traceparent, carried",
    [
        (f"01-{TRACED}-{'z' * 400}", f"00-{TRACED}"),
        (f"00-{TRACED}-{'z' * 400}", None),
        ("nonsense", None),
        ("", None),
    ],
)
async def test_a_traceparent_that_is_odd_hinders_no_cancel(
    scene: Scene, api: Api, traceparent: str, carried: str | None
) -> None:
    flow = await scene.begun("traced", tasks=["t"])

    answer = await api.client.post(
        f"/api/v1/flow-runs/{flow.flow_run_id}/cancel", headers={"traceparent": traceparent}
    )

    assert (answer.status_code, answer.json()["outcome"]) == (202, "cancelling")
    await scene.journal.catches_up()
    (begun,) = scene.events(flow.flow_run_id, "flow.cancelling")
    assert begun.traceparent == carried


async def test_what_is_not_running_is_cancelled_at_once_or_has_ended_or_is_not_known(
    scene: Scene, api: Api
) -> None:
    pending, unknown = scene.named("pending"), scene.named("unknown")
    await scene.ask({"type": "flow.register", "flow_run_id": pending})
    ended = await scene.begun("ended")
    await ended.ends("body", "success")

    at_once = await api.cancel(pending)
    assert (at_once.status_code, at_once.json()["outcome"]) == (200, "cancelled")

    armed = await api.cancel(unknown, reason="early")
    await api.has_read(scene, unknown)
    again = await api.cancel(unknown)
    assert [r.status_code for r in (armed, again)] == [202, 202]
    assert [r.json()["outcome"] for r in (armed, again)] == ["armed", "armed"]
    assert "known to nobody" in armed.json()["message"]
    assert again.json()["cancellation"] == armed.json()["cancellation"]

    over = problem(await api.cancel(ended.flow_run_id), 409, "finished")
    assert (over["code"], over["state"]) == ("already_finished", "Finished.Success")


async def test_20_one_task_run_is_cancelled_alone(scene: Scene, api: Api) -> None:
    flow = await scene.begun(tasks=["t1", "t2"])
    waiting = [{"task_run_id": "waits"}]
    await flow.says("task.register", items=waiting)

    running = await api.cancel(flow.flow_run_id, "t1", reason="hangs")
    at_once = await api.cancel(flow.flow_run_id, "waits")

    assert (running.status_code, running.json()["outcome"]) == (202, "cancelling")
    assert (at_once.status_code, at_once.json()["outcome"]) == (200, "cancelled")
    # The body is the flow run's own code, and ends with that.
    refused = problem(await api.cancel(flow.flow_run_id, "body"), 409, "refused")
    assert refused["code"] == "no_such_edge"
    problem(await api.cancel(flow.flow_run_id, "nobody"), 404, "unknown-run")
    problem(await api.cancel(scene.named("no-flow"), "t1"), 404, "unknown-run")
    problem(await api.cancel(flow.flow_run_id, "t2", cascade="wait"), 422, "invalid-request")
    assert (await scene.flow_state(flow.flow_run_id)).state == "Running"


async def test_what_is_asked_twice_under_one_key_is_done_once(
    scene: Scene, api: Api, tmp_path: Path
) -> None:
    flow = await scene.begun(tasks=["t"])

    both = await asyncio.gather(
        *[api.cancel(flow.flow_run_id, key="k1", reason="once") for _ in range(2)]
    )
    (tmp_path / "other").mkdir()
    async with serving(scene.house, tmp_path / "other") as other:
        # A server that has never heard of it, as after a restart.
        await other.has_read(scene, flow.flow_run_id)
        later = await other.cancel(flow.flow_run_id, key="k1", reason="once")
        problem(await other.cancel(flow.flow_run_id, key="k1"), 422, "key-used-otherwise")
    problem(await api.cancel(flow.flow_run_id, key="k1"), 422, "key-used-otherwise")
    anew = await api.cancel(flow.flow_run_id, key="k2")

    assert {r.status_code for r in (*both, later)} == {202}
    assert both[0].json() == both[1].json() == later.json()
    assert later.json()["outcome"] == "cancelling"
    assert later.json()["request_id"].startswith("k1~")
    assert anew.json()["outcome"] == "already_cancelling"
    await scene.journal.catches_up()
    asked = [entry for entry in scene.journal.about(flow.flow_run_id) if asks(entry)]
    assert [type(entry.event) for entry in asked][:1] == [FlowCancelling]
    assert len(asked) == 2


def asks(entry: Entry) -> bool:
    return (entry.request_id or "").startswith(("k1~", "k2~")) and entry.source is not None


async def test_66_what_nobody_answers_is_accepted_and_an_unsigned_one_may_be_forbidden(
    own: Scene, tmp_path: Path
) -> None:
    async with serving(own.house, tmp_path) as api:
        accepted = await api.cancel("f", key="k")
        own.house.worker(accept_unsigned_cancels="false")
        await own.journal.until(lambda: bool(own.events("f", "cancellation.armed")))
        answered = await api.cancel("f", key="k")
        flow = await own.begun(tasks=["t"])
        # As a server with another service's key, or none.
        assert api.means._line is not None  # noqa: SLF001
        api.means._line._keys = {}  # noqa: SLF001
        forbidden = problem(await api.cancel(flow.flow_run_id), 403, "not-allowed")

    assert (accepted.status_code, accepted.json()["outcome"]) == (202, "accepted")
    assert accepted.headers["Location"] == "/api/v1/flow-runs/f/cancellation"
    assert (answered.status_code, answered.json()["outcome"]) == (202, "armed")
    assert answered.json()["request_id"] == accepted.json()["request_id"]
    assert forbidden["code"] == "not_allowed"
