"""H. Hooks: told at least once, in order, whatever fails, hangs or is killed."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from rescind.processors.alarms import ALARMS
from tests.scenarios.harness import House, Scene, alone
from tests.scenarios.hooks_of_a_package import installed
from tests.scenarios.processes import Process
from tests.sink import SECRET, Answer, Request, Sink, fails, sink
from tests.waiting import until

BEGINS = "a hook begins with what comes next"


@pytest.fixture
async def receiver() -> AsyncIterator[Sink]:
    async with sink() as made:
        yield made


@pytest.fixture
async def other() -> AsyncIterator[Sink]:
    async with sink() as made:
        yield made


@pytest.fixture
async def own(bootstrap: str, tmp_path: Path) -> AsyncIterator[Scene]:
    async with alone(House(bootstrap, tmp_path)) as scene:
        scene.house.worker()
        yield scene


def webhook(receiver: Sink, **more: Any) -> dict[str, Any]:
    return {"url": receiver.url, "secret": SECRET, **more}


def agents(scene: Scene, **hooks: dict[str, Any]) -> Process:
    named = {name.replace("_", "-"): hook for name, hook in hooks.items()}
    return scene.house.agents(hooks=json.dumps(named))


async def told(scene: Scene, **hooks: dict[str, Any]) -> Process:
    """Agents with these hooks, each of which has begun in both partitions."""
    process = agents(scene, **hooks)
    await until(lambda: process.said().count(BEGINS) >= 2 * len([*hooks, ALARMS]))
    return process


async def cancelled(scene: Scene, name: str, **fields: Any) -> str:
    """A flow run that was cancelled while it ran, and has ended."""
    driven = await scene.begun(name, tasks=["t"])
    await scene.cancel(driven.flow_run_id, reason="wrong table", **fields)
    for task in ("t", "body"):
        await driven.ends(task, "cancelled", stopped_confirmed=True)
    await scene.event(driven.flow_run_id, "flow.cancelled")
    return driven.flow_run_id


async def test_61_a_webhook_is_signed_and_says_who_why_and_what_became_of_it(
    own: Scene, receiver: Sink
) -> None:
    before = await cancelled(own, "before")
    running = await told(own, ops=webhook(receiver))
    flow_run_id = await cancelled(own, "after")

    await until(lambda: len(receiver.taken) >= 2)

    began, ended = receiver.taken
    assert [began.kind, ended.kind] == ["flow.cancelling", "flow.cancelled"]
    assert began.is_signed()
    assert ended.is_signed()
    assert (began.event["id"], ended.event["id"]) == (began.id, ended.id)
    for event in (began.event, ended.event):
        assert (event["flow_run_id"], event["reason"]) == (flow_run_id, "wrong table")
        assert (event["name"], event["namespace"]) == ("flow", "default")
    entry = own.events(flow_run_id, "flow.cancelled")[0]
    assert (ended.event["event_id"], ended.event["version"]) == (entry.id, entry.version)
    assert ended.event["account"]["cancelled"] == 1
    # A new hook is told of what comes after it.
    assert receiver.about(before) == []
    # What comes after the host may be a secret too.
    assert "/told" not in running.said()
    assert SECRET not in running.said()


async def test_61_what_fails_is_told_again_under_the_same_id_and_in_order(
    own: Scene, receiver: Sink
) -> None:
    receiver.script = fails(2)
    await told(own, ops=webhook(receiver))
    flow_run_id = await cancelled(own, "flow")

    await until(lambda: len(receiver.taken) == 2)

    assert [each.kind for each in receiver.requests] == (
        ["flow.cancelling"] * 3 + ["flow.cancelled"] * 3
    )
    assert len({each.id for each in receiver.requests}) == 2
    assert receiver.about(flow_run_id) == ["flow.cancelling", "flow.cancelled"]


async def test_61_one_that_hangs_delays_no_cancellation_and_no_other_hook(
    own: Scene, receiver: Sink, other: Sink
) -> None:
    receiver.script = lambda _: Answer(hangs=True)
    hanging = webhook(receiver, timeout_seconds=60)
    await told(own, hanging=hanging, other=webhook(other))
    first = await cancelled(own, "first")
    await until(lambda: bool(receiver.requests))

    second = await cancelled(own, "second")
    await until(lambda: len(other.taken) == 4)

    assert other.about(first) == other.about(second) == ["flow.cancelling", "flow.cancelled"]
    assert not receiver.taken
    began, ended = (own.events(second, kind)[0] for kind in ("flow.cancelling", "flow.cancelled"))
    assert ended.at_ms - began.at_ms < 10_000


async def test_61_what_is_killed_between_taking_and_keeping_is_told_again_under_the_same_id(
    own: Scene, receiver: Sink
) -> None:
    running = await told(own, ops=webhook(receiver))

    def kill(_: Request) -> Answer:
        running.kill()
        return Answer()

    receiver.script = kill
    flow_run_id = await cancelled(own, "flow")
    await until(lambda: running.has_ended)
    receiver.script = lambda _: Answer()
    agents(own, ops=webhook(receiver))

    await until(lambda: "flow.cancelled" in receiver.about(flow_run_id))

    first, again, *_ = receiver.requests
    assert first.kind == again.kind == "flow.cancelling"
    assert first.id == again.id
    assert first.body == again.body


async def test_61_whichever_process_survives_goes_on_and_tells_nothing_again(
    own: Scene, receiver: Sink
) -> None:
    one = await told(own, ops=webhook(receiver))
    two = agents(own, ops=webhook(receiver))
    first = await cancelled(own, "first")
    await until(lambda: receiver.about(first)[-1:] == ["flow.cancelled"])

    one.kill()
    second = await cancelled(own, "second")
    await until(lambda: receiver.about(second)[-1:] == ["flow.cancelled"])

    assert not two.has_ended
    for flow_run_id in (first, second):
        kinds = receiver.about(flow_run_id)
        assert list(dict.fromkeys(kinds)) == ["flow.cancelling", "flow.cancelled"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(half=True),
        Answer(twice=True),
        Answer(after_seconds=1.5),
        Answer(status=204),
    ],
    ids=["ends-in-the-middle", "twice", "slowly", "empty"],
)
async def test_61_an_answer_of_2xx_is_enough_however_it_goes_on(
    own: Scene, receiver: Sink, answer: Answer
) -> None:
    receiver.script = lambda _: answer
    await told(own, ops=webhook(receiver))
    flow_run_id = await cancelled(own, "flow")
    # What comes later is told later, so nothing of the first is still to come.
    last = await cancelled(own, "last")
    await until(lambda: receiver.about(last)[-1:] == ["flow.cancelled"])
    await until(lambda: receiver.about(flow_run_id)[-1:] == ["flow.cancelled"])

    assert receiver.about(flow_run_id) == ["flow.cancelling", "flow.cancelled"]
    assert len(receiver.requests) == 4


async def test_61_what_one_flow_run_fails_with_holds_up_no_other_and_becomes_a_dead_letter(
    own: Scene, receiver: Sink
) -> None:
    poison = own.named("poison")

    def script(request: Request) -> Answer:
        if request.event["flow_run_id"].startswith("poison") and request.kind == "flow.cancelling":
            return Answer(503, headers={"retry-after": "1"})
        return Answer()

    receiver.script = script
    await told(own, ops=webhook(receiver, retry_seconds=4))
    assert await cancelled(own, "poison") == poison
    await until(lambda: bool(receiver.requests))
    fine = await cancelled(own, "fine")

    await until(lambda: receiver.about(fine) == ["flow.cancelling", "flow.cancelled"])
    # After the dead letter the lane goes on.
    await until(lambda: receiver.about(poison) == ["flow.cancelled"])

    code, said = await own.rescind("dead-letters", "ls", "--json")
    (letter,) = json.loads(said)
    assert code == 0
    # Told once more, by a command with the same settings.
    receiver.script = lambda _: Answer()
    given = json.dumps({"ops": webhook(receiver)})
    words = ("dead-letters", "retry", letter["place"])
    retrying = own.house.start("-m", "rescind", *words, hooks=given)
    assert await retrying.exit_code() == 0, retrying.said()
    assert "hook ops has taken it" in retrying.said()
    assert receiver.about(poison) == ["flow.cancelled", "flow.cancelling"]
    assert receiver.taken[-1].id == receiver.requests[0].id
    assert letter["code"] == "not_taken"
    assert "hook ops, tried" in letter["why"]
    assert "answered 503" in letter["why"]
    assert len([r for r in receiver.requests if r.kind == "flow.cancelling"]) >= 3


async def test_61_a_callable_that_raises_hangs_or_is_not_there_changes_nothing_for_another(
    own: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = tmp_path / "heard"
    monkeypatch.setenv("PYTHONPATH", str(installed(tmp_path / "site")))
    monkeypatch.setenv("HEARD_BY_HOOKS", str(heard))
    # Not forked: what is installed is looked for on the path of a process that starts.
    hooks = {name: {"timeout_seconds": 0.5, "retry_seconds": 3} for name in ("raises", "hangs")}
    running = own.house.start("-Wdefault", "-m", "rescind", "agents", hooks=json.dumps(hooks))
    await until(lambda: running.said().count(BEGINS) == 2 * 5)
    flow_run_id = await cancelled(own, "flow")

    def told() -> list[dict[str, Any]]:
        lines = heard.read_text().splitlines() if heard.exists() else []
        return [json.loads(line) for line in lines]

    await until(lambda: len(told()) == 2)
    await until(lambda: running.said().count("it is a dead letter") >= 4)

    assert [each["type"] for each in told()] == ["flow.cancelling", "flow.cancelled"]
    assert {each["flow_run_id"] for each in told()} == {flow_run_id}
    _, said = await own.rescind("dead-letters", "ls", "--json")
    why = [letter["why"] for letter in json.loads(said)]
    assert any("hook raises" in each and "LookupError" in each for each in why)
    assert any("hook hangs" in each and "has not returned" in each for each in why)
    assert not running.has_ended


async def test_61_who_is_stuck_is_told_once_also_when_no_worker_lives_and_agents_come_again(
    bootstrap: str, tmp_path: Path, receiver: Sink
) -> None:
    async with alone(House(bootstrap, tmp_path)) as scene:
        worker = scene.house.worker()
        running = await told(scene, ops=webhook(receiver))
        driven = await scene.begun("flow", tasks=["t"])
        await scene.cancel(driven.flow_run_id, grace_seconds=0.1, deadline_seconds=1)
        worker.kill()
        await until(lambda: receiver.about(driven.flow_run_id) == ["flow.cancelling"])
        # The beginning was taken and the alarm is not due: only that is still open.
        running.terminate()
        await running.exit_code()
        running = agents(scene, ops=webhook(receiver))
        await until(lambda: receiver.about(driven.flow_run_id)[-1:] == ["flow.stuck"])
        running.terminate()
        await running.exit_code()
        scene.house.worker()
        again = agents(scene, ops=webhook(receiver))
        await until(lambda: "flow.unconfirmed" in receiver.about(driven.flow_run_id))

        assert receiver.about(driven.flow_run_id) == [
            "flow.cancelling",
            "flow.stuck",
            "flow.cancelled",
            "flow.unconfirmed",
        ]
        # With or without a hook, the agents say so themselves, and each of it once.
        await until(lambda: "alarm: flow.unconfirmed" in again.said())
        assert running.said().count("alarm: flow.stuck") == 1
        assert "alarm: flow.stuck" not in again.said()
        stuck = receiver.taken[1].event
        assert (stuck["why"], stuck["flow_run_id"]) == ("deadline", driven.flow_run_id)
        assert stuck["cancellation_id"] == receiver.taken[0].event["cancellation_id"]
