"""Lifecycle workers that are killed, stopped, overtaken and away: nothing is lost or done twice."""

from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from rescind.events.journal import CancellationClockFired, FlowBodyFinished, FlowCancelled
from rescind.kafka.owning.groups import describe_group
from rescind.kafka.records import OutRecord
from tests.kafka.processors.journal import Asked
from tests.scenarios.harness import Driven, Scene, refusals_in, types_of
from tests.waiting import until

VERDICTS = ("flow.succeeded", "flow.failed", "flow.cancelled")


async def test_05_a_registration_that_its_cancel_overtook_is_born_cancelled(own: Scene) -> None:
    worker = own.house.worker()
    await own.begun("another")
    worker.freeze()
    # Sent first, and on the lane that is behind.
    await heap_up(own, own.partition_of("f"))
    registered = await own.ask({"type": "flow.register", "flow_run_id": "f"})
    cancelled = await own.ask({"type": "flow.cancel", "flow_run_id": "f"})
    assert registered.at_ms <= cancelled.at_ms

    worker.thaw()

    assert types_of(await own.journal.outcome_of(cancelled)) == ["cancellation.armed"]
    born = await own.journal.outcome_of(registered)
    assert types_of(born) == ["flow.registered", "flow.cancelled"]
    assert (await own.flow_state("f")).state == "Finished.Cancelled"


async def test_17_with_the_cancels_lane_ahead_the_result_is_not_lost(own: Scene) -> None:
    worker = own.house.worker()
    flow = await own.begun(tasks=["t"])
    await flow.ends("t", "success")
    worker.freeze()
    about = {"flow_run_id": flow.flow_run_id, "runner_id": flow.runner_id}
    # Asked before, on the lane that is behind.
    await heap_up(own, own.partition_of(flow.flow_run_id))
    late = [{"task_run_id": f"late-{number}"} for number in range(100)]
    registered = await own.ask({"type": "task.register", **about, "items": late})
    started = await own.ask({"type": "task.start", **about, "items": late})
    cancelled = await own.ask({"type": "flow.cancel", "flow_run_id": flow.flow_run_id})
    end = {"task_run_id": "body", "end": "success", "result_ref": "s3://results/5"}
    ended = await own.ask({"type": "task.finish", **about, "items": [end]})

    worker.thaw()

    assert "flow.cancelling" in types_of(await own.journal.outcome_of(cancelled))
    kept = [e.event for e in await own.journal.outcome_of(ended)]
    assert any(isinstance(e, FlowBodyFinished) and e.result_ref == end["result_ref"] for e in kept)
    for asked in (registered, started):
        assert set(refusals_in(await own.journal.outcome_of(asked))) == {"already_finished"}
    state = await own.flow_state(flow.flow_run_id)
    assert (state.state, state.result_ref) == ("Finished.Cancelled", "s3://results/5")
    assert sum(t in VERDICTS for t in types_of(own.events(flow.flow_run_id))) == 1
    assert [e.task_run_id for e in own.events(flow.flow_run_id, "task.started")] == ["body", "t"]


@pytest.mark.slow
async def test_35_a_worker_killed_between_any_two_steps_goes_on(own: Scene) -> None:
    worker = own.house.worker()
    done = await own.begun("done")
    await done.ends("body", "success")
    flow = Driven(own, own.named("flow"), own.named("runner"))
    for asked in steps_of(own, flow):
        # Asked of nobody, or of one that dies over it.
        worker.kill()
        sent = await asked
        worker = own.house.worker()
        await own.journal.outcome_of(sent)

    over = (await own.event(flow.flow_run_id, "flow.cancelled")).event
    assert isinstance(over, FlowCancelled)
    account = over.account
    assert (account.cancelled, account.never_started, account.succeeded) == (1, 1, 1)
    assert refusals_in(await own.cancel(done.flow_run_id)) == ["already_finished"]
    story = types_of(own.events(flow.flow_run_id))
    assert sum(t in VERDICTS for t in story) == 1
    assert story.count("flow.cancelling") == 1
    assert len(own.events(flow.flow_run_id, "task.succeeded", "a")) == 1
    assert len(own.events(flow.flow_run_id, "task.cancelled", "b")) == 1


async def test_35_a_worker_killed_while_it_works_loses_nothing_and_doubles_nothing(
    own: Scene,
) -> None:
    worker = own.house.worker()
    flows = [await own.begun(f"f{number}", ["t"]) for number in range(10)]
    asked: list[Asked] = []
    for number, flow in enumerate(flows):
        about = {"flow_run_id": flow.flow_run_id, "runner_id": flow.runner_id}
        ends = [{"task_run_id": task, "end": "cancelled"} for task in ("t", "body")]
        asked.append(await own.ask({"type": "flow.cancel", "flow_run_id": flow.flow_run_id}))
        asked.append(await own.ask({"type": "task.finish", **about, "items": ends}))
        if number % 4 == 1:
            await until_more(own)
            worker.kill()
            worker = own.house.worker()
    for one in asked:
        assert not refusals_in(await own.journal.outcome_of(one))
    for flow in flows:
        assert (await own.flow_state(flow.flow_run_id)).state == "Finished.Cancelled"
        assert types_of(own.events(flow.flow_run_id)).count("flow.cancelled") == 1


async def test_a_worker_that_cannot_read_a_partition_leaves_the_group_at_once(own: Scene) -> None:
    newer = OutRecord(own.names.open_flows, b"f", b'{"schema":2,"record":"flow"}', (), 0)
    await own.sender.send(newer)
    worker = own.house.worker()
    assert await worker.exit_code() == 1
    assert "upgrade this worker" in worker.said()
    # Not after the session time-out of a member that has only gone.
    group = await describe_group(own.connection, own.names.lifecycle_group)
    assert group.members == []
    await own.sender.send(newer._replace(value=None))


@pytest.mark.parametrize("idle", [False, True], ids=["at work", "idle"])
async def test_36_a_worker_that_slept_while_another_took_over_changes_nothing(
    own: Scene, idle: bool
) -> None:
    sleeper = own.house.worker(instance_id="sleeper")
    flow = await own.begun(tasks=["t"])
    await own.cancel(flow.flow_run_id)
    for number in range(300):
        own.post({"type": "flow.register", "flow_run_id": f"before-{number}"})
    if idle:
        await until_registered(own, 301)
    else:
        # In the middle of something, as likely as not.
        await until_more(own)
    sleeper.freeze()
    own.house.worker(instance_id="successor")
    for number in range(300):
        own.post({"type": "flow.register", "flow_run_id": f"meanwhile-{number}"})

    # The successor goes on with what the other has begun.
    await flow.ends("t", "cancelled")
    await flow.ends("body", "cancelled")
    over = await own.event(flow.flow_run_id, "flow.cancelled")
    sleeper.thaw()
    for number in range(300):
        own.post({"type": "flow.register", "flow_run_id": f"after-{number}"})
    await own.sender.flush()

    await until_registered(own, 901)
    assert types_of(own.journal.entries).count("flow.registered") == 901
    assert own.events(flow.flow_run_id, "flow.cancelled") == [over]
    sleeper.terminate()
    assert await sleeper.exit_code() == 0
    assert refusals_in(await own.cancel(flow.flow_run_id)) == ["already_finished"]


async def test_36_a_worker_that_does_not_know_that_it_was_replaced_changes_nothing(
    own: Scene,
) -> None:
    old = own.house.worker(instance_id="one-name")
    flow = await own.begun(tasks=["t"])
    await own.cancel(flow.flow_run_id)
    # Under the same name it is let in at once, and the old one goes on as if it had not been.
    own.house.worker(instance_id="one-name")
    posted = 0

    def is_fenced() -> bool:
        nonlocal posted
        for _ in range(5):
            own.post({"type": "flow.register", "flow_run_id": f"f{posted}"})
            posted += 1
        return '"event": "fenced' in old.said()

    await until(is_fenced, within_seconds=60)
    old.kill()
    await flow.ends("t", "cancelled")
    await flow.ends("body", "cancelled")
    await own.sender.flush()
    await until_registered(own, posted + 1)
    assert types_of(own.journal.entries).count("flow.registered") == posted + 1
    assert types_of(own.events(flow.flow_run_id)).count("flow.cancelled") == 1


async def test_67_reports_that_waited_go_before_the_deadline_that_passed_meanwhile(
    own: Scene,
) -> None:
    worker = own.house.worker()
    flow = await own.begun_without_body(tasks=["done", "silent"])
    (cancelling, *_) = await own.cancel(flow.flow_run_id, deadline_seconds=6)
    worker.kill()
    passed_ms = cancelling.at_ms + 6_500

    async def has_passed() -> bool:
        probe = {"type": "runner.register", "runner_id": "probe"}
        return (await own.ask(probe, partition=0)).at_ms > passed_ms

    await until(has_passed)
    about = {"flow_run_id": flow.flow_run_id, "runner_id": flow.runner_id}
    report = {"task_run_id": "done", "end": "success", "result_ref": "s3://results/6"}
    reported = await own.ask({"type": "task.finish", **about, "items": [report]})
    assert reported.at_ms > passed_ms

    own.house.worker()

    assert types_of(await own.journal.outcome_of(reported)) == ["task.succeeded"]
    # The deadline is over as well, and comes after it: it ends only what has no report.
    over = (await own.event(flow.flow_run_id, "flow.cancelled")).event
    assert isinstance(over, FlowCancelled)
    assert (over.account.succeeded, over.account.unconfirmed) == (1, 1)
    tasks = await own.task_states(flow.flow_run_id)
    assert (tasks["done"].state, tasks["done"].result_ref) == ("Finished.Success", "s3://results/6")
    assert (tasks["silent"].how, tasks["silent"].stopped_confirmed) == ("deadline", False)
    story = [e.event for e in own.events(flow.flow_run_id)]
    fired = [e for e in story if isinstance(e, CancellationClockFired) and e.clock == "deadline"]
    (success,) = own.events(flow.flow_run_id, "task.succeeded")
    assert story.index(fired[0]) > story.index(success.event)


async def until_more(own: Scene) -> None:
    """Wait until something has come of what was asked."""
    seen = len(own.journal.entries)
    await own.journal.until(lambda: len(own.journal.entries) > seen)


async def until_registered(own: Scene, count: int) -> None:
    """Wait until so many flow runs are registered."""
    await own.journal.until(lambda: types_of(own.journal.entries).count("flow.registered") >= count)


async def heap_up(own: Scene, partition: int) -> None:
    """Put more into the start lane than goes into one batch; nothing comes of it."""
    unknown = next(f"u{n}" for n in range(100) if own.partition_of(f"u{n}") == partition)
    items = [{"task_run_id": f"t{number}"} for number in range(500)]
    for _ in range(10):
        await own.ask({"type": "task.register", "flow_run_id": unknown, "items": items})


def steps_of(own: Scene, flow: Driven) -> Iterator[Coroutine[Any, Any, Asked]]:
    """The requests of a cancelled flow run's life, in order; each is sent when it is awaited."""
    about = {"flow_run_id": flow.flow_run_id, "runner_id": flow.runner_id}
    hello = {"type": "runner.register", "runner_id": flow.runner_id}
    yield own.ask(hello, partition=own.partition_of(flow.flow_run_id))
    yield own.ask({"type": "flow.register", **about})
    yield own.ask({"type": "flow.start", **about})
    tasks = [{"task_run_id": task} for task in ("a", "b", "never")]
    yield own.ask({"type": "task.register", **about, "items": tasks})
    yield own.ask({"type": "task.start", **about, "items": tasks[:2]})
    yield own.ask({"type": "flow.cancel", "flow_run_id": flow.flow_run_id})
    (cancelling,) = own.events(flow.flow_run_id, "flow.cancelling")
    held = {"cancellation_id": cancelling.id, "held": tasks[:2]}
    yield own.ask({"type": "cancellation.acknowledge", **about, **held})
    for task, end in (("a", "success"), ("b", "cancelled")):
        items = [{"task_run_id": task, "end": end}]
        yield own.ask({"type": "task.finish", **about, "items": items})


async def test_of_two_workers_under_one_name_the_first_goes_and_says_why(own: Scene) -> None:
    first = own.house.worker(instance_id="same")
    flow = await own.begun(tasks=["t"])

    second = own.house.worker(instance_id="same")

    assert await first.exit_code() != 0
    said = first.said()
    # Among the settings, and as what to change.
    assert said.count("RESCIND_INSTANCE_ID") == 2, said
    assert "Traceback" not in said
    assert "UnknownError" not in said
    assert "flow.cancelling" in types_of(await own.cancel(flow.flow_run_id))
    assert not second.has_ended
