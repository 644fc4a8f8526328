"""Cancels by HTTP: every answer that there is, and what cannot be asked."""

import asyncio
from datetime import datetime
from pathlib import Path

import pytest

from rescind.events.journal import Entry, FlowCancelling
from tests.scenarios.harness import Scene, types_of
from tests.scenarios.http.http_api import Api, problem, serving

TRACED = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_01_by_http_a_cancelled_running_flow_run_is_cancelling_and_still_running(
    scene: Scene, api: Api
) -> None:
    flow = await scene.begun(tasks=["t"])

    answer = (await api.cancel(flow.flow_run_id, reason="enough")).json()
    await api.has_read(scene, flow.flow_run_id)
    state = (await api.get(f"/flow-runs/{flow.flow_run_id}")).json()

    (begun,) = scene.events(flow.flow_run_id, "flow.cancelling")
    agreed = answer["cancellation"]
    assert agreed["cancellation_id"] == begun.id
    assert (agreed["asked_by"]["id"], agreed["reason"]) == ("http-api", "enough")
    asked, deadline = [datetime.fromisoformat(agreed[at]) for at in ("asked_at", "deadline_at")]
    assert (deadline - asked).total_seconds() == scene.house.settings.deadline_seconds
    assert (state["state"], state["state_path"]) == (
        "Running.Cancelling",
        ["Running", "Cancelling"],
    )
    assert (state["is_running"], state["is_cancelling"], state["is_finished"]) == (
        True, True, False
    )  # fmt: skip
    assert state["cancellation"]["reason"] == "enough"


async def test_03_48_by_http_the_first_cancel_holds_and_an_abort_escalates_it(
    scene: Scene, api: Api
) -> None:
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


@pytest.mark.parametrize("end", ["success", "failed", "cancelled"])
async def test_04_by_http_what_has_ended_is_a_conflict_that_names_its_state(
    scene: Scene, api: Api, end: str
) -> None:
    flow = await scene.begun()
    if end == "cancelled":
        await api.cancel(flow.flow_run_id)
    await flow.ends("body", end)
    await api.has_read(scene, flow.flow_run_id)
    before = (await api.get(f"/flow-runs/{flow.flow_run_id}")).json()

    for mode in ("graceful", "abort"):
        over = problem(await api.cancel(flow.flow_run_id, mode=mode), 409, "finished")
        assert over["code"] == "already_finished"
        assert over["state"] == before["state"] == f"Finished.{end.capitalize()}"

    await api.has_read(scene, flow.flow_run_id)
    assert (await api.get(f"/flow-runs/{flow.flow_run_id}")).json() == before
    timeline = (await api.get(f"/flow-runs/{flow.flow_run_id}/timeline")).json()["items"]
    assert [event["code"] for event in timeline[-2:]] == ["already_finished"] * 2


async def test_05_by_http_a_cancel_of_an_unknown_id_waits_for_its_registration(
    scene: Scene, api: Api
) -> None:
    unknown = scene.named("unknown")

    armed = await api.cancel(unknown, reason="early")
    await api.has_read(scene, unknown)
    again = await api.cancel(unknown)
    account = (await api.get(f"/flow-runs/{unknown}/cancellation")).json()
    registered = await scene.answer_to({"type": "flow.register", "flow_run_id": unknown})
    await api.has_read(scene, unknown)

    assert [r.status_code for r in (armed, again)] == [202, 202]
    assert [r.json()["outcome"] for r in (armed, again)] == ["armed", "armed"]
    assert "known to nobody" in armed.json()["message"]
    assert again.json()["cancellation"] == armed.json()["cancellation"]
    assert (account["state"], account["reason"]) == ("armed", "early")
    assert types_of(registered) == ["flow.registered", "flow.cancelled"]
    born = (await api.get(f"/flow-runs/{unknown}")).json()
    assert (born["state"], born["started_at"]) == ("Finished.Cancelled", None)
    assert born["cancellation"]["reason"] == "early"


async def test_06_by_http_what_only_waits_is_cancelled_at_once(scene: Scene, api: Api) -> None:
    pending = scene.named("pending")
    await scene.answer_to({"type": "flow.register", "flow_run_id": pending})
    items = [{"task_run_id": "a"}, {"task_run_id": "b"}]
    await scene.answer_to({"type": "task.register", "flow_run_id": pending, "items": items})
    retrying = await scene.begun_without_body(tasks=["a"])
    await retrying.ends("a", "failed", retry_at="2099-01-01T00:00:00Z")

    for flow_run_id, outcome, how, count in (
        (pending, "cancelled", "never_started", 2),
        # It was Running: the answer is the event that begins it, and the end is in its commit.
        (retrying.flow_run_id, "cancelling", "not_retried", 1),
    ):
        at_once = await api.cancel(flow_run_id)
        await api.has_read(scene, flow_run_id)
        assert at_once.status_code == (200 if outcome == "cancelled" else 202)
        assert at_once.json()["outcome"] == outcome
        account = (await api.get(f"/flow-runs/{flow_run_id}/cancellation")).json()
        assert (account["state"], account["ended"]) == ("Finished.Cancelled", {how: count})
        # No runner has been told anything.
        assert account["cancellation"]["told"] == []


async def test_20_by_http_one_task_run_is_cancelled_alone(scene: Scene, api: Api) -> None:
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


async def test_two_task_runs_that_are_cancelled_at_once_under_one_key_are_answered_each_for_itself(
    scene: Scene, api: Api
) -> None:
    """Another run is another request, also if it is one of the same flow run."""
    flow = await scene.begun(tasks=["t1", "t2"])

    both = await asyncio.gather(
        *[api.cancel(flow.flow_run_id, task, key="k1", reason="once") for task in ("t1", "t2")]
    )
    again = await api.cancel(flow.flow_run_id, "t1", key="k1", reason="once")

    assert [r.status_code for r in (*both, again)] == [202, 202, 202]
    assert [r.json()["outcome"] for r in both] == ["cancelling", "cancelling"]
    assert [r.json()["task_run_id"] for r in both] == ["t1", "t2"]
    begun = scene.events(flow.flow_run_id, "task.cancelling")
    of_each = {entry.task_run_id: entry.id for entry in begun}
    agreed = [r.json()["cancellation"]["cancellation_id"] for r in both]
    assert agreed == [of_each["t1"], of_each["t2"]]
    assert again.json() == both[0].json()


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
