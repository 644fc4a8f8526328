"""A runner that is gone, by its own word or by its silence, and what it held and owned."""

from rescind.events.journal import FlowCancelling, TaskFailed
from rescind.events.requests import FlowCancel, FlowRegister, RunnerLost, RunnerRegister
from rescind.events.words import Mode
from rescind.statemachine.policy import Policy
from rescind.statemachine.sweeps import Sweep, SweepKind, run_sweep
from tests.scenario import Scenario, given, restarted, swept, unsigned
from tests.words import (
    A,
    B,
    abort,
    acknowledged,
    cancel,
    cancel_task,
    ended,
    flow,
    granted,
    leaves,
    lost,
    other_runner,
    registered,
    runner,
    started,
    with_body,
)
from tests.world import NOON_MS, RUN


def shared() -> Scenario:
    """The body at one runner, a task run at each of two, and one that nobody has."""
    begun = given(runner, other_runner, flow, with_body, registered("t1", "t2", "t3"))
    return begun.when(granted("t1"), granted("t2", by=B))


def test_what_a_lost_runner_held_has_crashed_and_the_flow_run_goes_on() -> None:
    gone = shared().when(lost(B)).then("runner.lost", "task.failed t2 crashed")

    assert gone.world.flow().state == "Running"
    assert gone.world.task("t2").stopped_confirmed is False
    crash = gone.entries[1].event
    assert isinstance(crash, TaskFailed)
    assert crash.runner_id == B
    assert crash.error is not None
    assert (crash.error.type, crash.error.message) == ("RunnerLost", f"runner {B} is Gone.Lost")


def test_with_the_body_the_flow_run_is_cancelled_by_the_service_and_will_have_crashed() -> None:
    gone = shared().when(lost())

    gone.then(
        "runner.lost",
        "flow.cancelling",
        "task.failed body crashed",
        "task.failed t1 crashed",
        "cancellation.sent",
        "task.cancelled t3 never_started",
    )
    cancelling = gone.entries[1]
    assert isinstance(cancelling.event, FlowCancelling)
    assert cancelling.event.terms.named_end == "crashed"
    assert cancelling.actor is not None
    assert (cancelling.actor.kind, cancelling.actor.verified) == ("service", True)
    gone.when(ended("t2", by=B)).then("task.succeeded t2", "flow.failed crashed")
    over = gone.world.flow()
    assert over.state == "Finished.Failed.Crashed"
    assert over.error is not None
    assert (over.error.type, A in over.error.message) == ("crashed", True)


def test_the_terms_of_the_services_own_cancellation_follow_the_flow_runs_clocks() -> None:
    gone = shared().when(lost())

    cancellation = gone.world.flow().cancellation
    assert cancellation is not None
    begun = gone.entries[1].event
    assert isinstance(begun, FlowCancelling)
    assert begun.terms.acknowledge_at == NOON_MS + 15_000
    assert cancellation.deadline_ms == NOON_MS + 300_000
    assert cancellation.wait_ms == NOON_MS + 86_400_000
    assert (cancellation.mode, cancellation.grace_seconds) == (Mode.GRACEFUL, 30)
    assert cancellation.id == gone.entries[1].id
    assert A in cancellation.reason


def test_a_flow_run_without_a_body_ends_with_the_runner_that_owns_it() -> None:
    begun = given(runner, other_runner, flow, started, registered("t1"), granted("t1", by=B))

    begun.when(lost()).then("runner.lost", "flow.cancelling", "cancellation.sent")
    begun.when(ended("t1", by=B)).then("task.succeeded t1", "flow.failed crashed")


def test_a_flow_run_that_was_not_started_ends_with_the_runner_that_registered_it() -> None:
    owned = FlowRegister(flow_run_id=RUN, runner_id=A)

    given(runner, owned, registered("t1")).when(lost()).then(
        "runner.lost", "flow.cancelling", "task.cancelled t1 never_started", "flow.failed crashed"
    )


def test_a_flow_run_that_no_runner_owns_is_left_alone() -> None:
    given(runner, flow, registered("t1")).when(lost()).then("runner.lost")


def test_under_a_cancellation_what_a_lost_runner_held_is_cancelled_unconfirmed() -> None:
    gone = shared().when(cancel, lost(B)).then("runner.lost", "task.cancelled t2 runner_lost")

    assert gone.world.task("t2").stopped_confirmed is False
    gone.when(lost()).then(
        "runner.lost",
        "task.cancelled body runner_lost",
        "task.cancelled t1 runner_lost",
        "flow.cancelled",
    )


def test_under_the_services_own_cancellation_it_has_crashed() -> None:
    shared().when(lost(), lost(B)).then(
        "runner.lost", "task.failed t2 crashed", "flow.failed crashed"
    )


def test_a_task_run_that_was_being_cancelled_alone_is_cancelled() -> None:
    shared().when(cancel_task("t2"), lost(B)).then("runner.lost", "task.cancelled t2 runner_lost")


def test_somebody_who_cancels_after_the_loss_is_told_that_it_is_under_way() -> None:
    gone = shared().when(lost())

    gone.when(cancel).then_refused("already_cancelling")
    gone.when(abort).then("cancellation.escalated", "cancellation.sent")
    gone.when(ended("t2", by=B)).then("task.succeeded t2", "flow.failed crashed")


def test_a_runner_that_leaves_with_open_attempts_is_lost() -> None:
    shared().when(leaves(B)).then("runner.left", "task.failed t2 crashed")


def test_a_runner_that_leaves_with_nothing_open_just_leaves() -> None:
    given(runner, other_runner).when(leaves(B)).then("runner.left")


def test_a_runner_that_nobody_knows_leaves_a_stub_that_refuses_it() -> None:
    given(lost()).when(runner).then_refused("runner_lost")
    given(leaves()).when(runner).then_refused("runner_lost")
    given(flow, lost()).when(started).then_refused("runner_lost")
    given(lost(), restarted).when(runner).then_refused("runner_lost")


def test_a_start_by_a_runner_that_is_gone_names_its_loss() -> None:
    gone = given(runner, flow).when(lost())
    loss = gone.entries[0].id

    gone.when(started).then_refused("runner_lost")

    assert gone.refusals()[0].first == loss


def test_a_runner_is_a_stream_of_its_own_with_versions() -> None:
    known = given(runner, runner).world
    assert (known.base.runners[A].version, known.journal[-1].version) == (2, 2)

    known.ask(lost())

    assert (known.base.runners[A].version, known.base.runners[A].event_id) == (3, "stop-0-0-0")


def test_a_runner_is_lost_once() -> None:
    gone = given(runner).when(lost())
    first = gone.entries[0].id

    gone.when(lost()).then_refused("runner_lost")
    assert gone.refusals()[0].first == first
    gone.when(leaves()).then_refused("runner_lost")


def test_only_the_service_gives_a_runner_up() -> None:
    given(runner).when(unsigned(lost())).then_refused("not_allowed")


def test_a_record_of_a_runner_lies_where_it_says() -> None:
    there = RunnerRegister(runner_id=A, partition=3)

    refused = given().when(there).then_refused("unreadable")

    assert "partition 3" in refused.refusals()[0].message
    given().when(RunnerLost(runner_id=A, partition=3)).then_refused("unreadable")


def test_what_a_runner_that_is_gone_reports_late_is_kept() -> None:
    shared().when(lost(B), ended("t2", by=B)).then("task.late_report t2")


def test_what_it_reports_before_it_is_swept_counts() -> None:
    few = given(runner, other_runner, flow, with_body, policy=Policy(sweep_chunk=1))
    few.when(registered("t1", "t2"), granted("t1", "t2", by=B), lost(B))
    few.then("runner.lost", "task.failed t1 crashed")

    few.when(ended("t2", by=B)).then("task.succeeded t2")


def chunked(*more: str) -> Scenario:
    few = given(runner, other_runner, flow, with_body, policy=Policy(sweep_chunk=2))
    return few.when(registered("t1", "t2", "t3", *more), granted("t1", "t2"))


def test_a_lost_runners_attempts_are_swept_in_chunks_and_then_what_it_owned() -> None:
    begun = given(runner, other_runner, flow, started, policy=Policy(sweep_chunk=2))
    begun.when(registered("t1", "t2", "t3", "t4", "t5"), granted("t1", "t2"))
    begun.when(granted("t3", by=B))

    begun.when(lost()).then("runner.lost", "task.failed t1 crashed", "task.failed t2 crashed")
    begun.when(swept).then(
        "flow.cancelling",
        "cancellation.sent",
        "task.cancelled t4 never_started",
        "task.cancelled t5 never_started",
    )


def test_what_follows_from_a_later_chunk_follows_as_from_the_first() -> None:
    few = chunked()
    few.when(granted("t3", by=B), registered("t4"))

    few.when(lost()).then(
        "runner.lost",
        "flow.cancelling",
        "task.failed body crashed",
        "task.failed t1 crashed",
        "cancellation.sent",
    )
    few.when(swept).then("task.failed t2 crashed", "task.cancelled t4 never_started")
    few.when(ended("t3", by=B)).then("task.succeeded t3", "flow.failed crashed")


def test_a_restart_in_between_goes_on_with_a_lost_runners_attempts() -> None:
    begun = given(runner, other_runner, flow, started, policy=Policy(sweep_chunk=1))
    begun.when(registered("t1", "t2", "t3"), granted("t1", "t2"), lost())

    begun.when(restarted, swept).then(
        "task.failed t2 crashed",
        "flow.cancelling",
        "task.cancelled t3 never_started",
        "flow.failed crashed",
    )


def test_a_runner_that_owns_many_flow_runs_takes_them_along_in_chunks() -> None:
    few = given(runner, policy=Policy(sweep_chunk=2))
    few.when(*(FlowRegister(flow_run_id=f"run-{n}", runner_id=A) for n in range(5)))

    few.when(lost())

    assert len([entry for entry in few.entries if entry.event.type == "flow.failed.v1"]) <= 2
    few.when(swept)
    assert {known.state for known in few.world.base.flows.values()} == {"Finished.Failed.Crashed"}


def test_a_sweep_says_how_much_it_swept_and_whether_that_was_all() -> None:
    few = given(runner, flow, with_body, registered("t1"), granted("t1"))
    few.when(FlowRegister(flow_run_id="run-2", runner_id=A), lost(B))
    # As a restart finds it: lost, and not swept yet.
    few.world.base.put_runner(A, few.world.base.runners[A]._replace(state="Gone.Lost"))
    gone = Sweep(SweepKind.GONE, "", A, "stop-0-9-0")

    def swept_with(budget: int) -> tuple[int, bool]:
        core = few.world.begin()
        return run_sweep(gone, core.recorder, few.world.policy, NOON_MS, budget)

    assert [swept_with(budget) for budget in range(5)] == [
        (0, False),
        (1, False),
        (2, False),
        (3, False),
        (3, True),
    ]


def test_a_runner_that_is_lost_while_all_of_a_flow_run_is_cancelled_and_acknowledged() -> None:
    gone = shared().when(cancel, acknowledged("body", "t1"), acknowledged("t2", by=B))

    gone.when(lost(B)).then("runner.lost", "task.cancelled t2 runner_lost")
    gone.when(FlowCancel(flow_run_id=RUN)).then_refused("already_cancelling")
