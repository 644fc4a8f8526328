"""The account of a cancellation of which very much was said: what it tells is so."""

import pytest

from rescind.events.requests import ExecutorReport, TaskStopping
from rescind.events.requests.task import Step as StepReport
from rescind.events.words import Rung
from rescind.server.readmodel.queries.answers import CancelAccount
from rescind.server.readmodel.reading import ReadModel
from rescind.server.web.run.ladder import steps_of
from tests.contract.readmodel.tables import Told
from tests.scenario import Step, given, later
from tests.words import (
    A,
    B,
    acknowledged,
    cancel,
    flow,
    granted,
    lost,
    outside,
    registered,
    runner,
    torn_down,
    with_body,
    within,
)
from tests.world import RUN

AT_ONCE = 500


def account_of(model: Told, *steps: Step) -> CancelAccount:
    model.tell_entries(given(*steps).world.journal, batch=AT_ONCE)
    account = ReadModel(model.database).cancel_account(RUN)
    assert account is not None
    return account


def chunks(count: int) -> list[list[str]]:
    names = [f"t{number}" for number in range(count)]
    return [names[first : first + AT_ONCE] for first in range(0, count, AT_ONCE)]


def interrupted(*names: str) -> TaskStopping:
    items = tuple(StepReport(task_run_id=name, rung=Rung.INTERRUPT, after_ms=5) for name in names)
    return TaskStopping(flow_run_id=RUN, runner_id=A, items=items)


def running(count: int) -> list[Step]:
    each = chunks(count)
    at_work = [step for names in each for step in (registered(*names), granted(*names))]
    return [runner, flow, with_body, *at_work, later(1), cancel]


def test_of_more_steps_than_are_looked_through_it_says_at_least_so_many(model: Told) -> None:
    account = account_of(model, *running(2_500), *(interrupted(*one) for one in chunks(2_500)))

    (taken,) = account.steps
    assert (taken.task_runs, taken.at_least) == (2_000, True)
    (shown,) = steps_of(account)
    assert (shown.word, shown.said) == ("Interrupted", "at least 2,000 task runs, up to +0 ms")


def test_what_happened_before_the_cancel_makes_no_step_uncertain(model: Told) -> None:
    """2,500 registrations and grants lie before it, and every step is after it."""
    account = account_of(model, *running(2_500), interrupted("t1", "t2"))

    (taken,) = account.steps
    assert (taken.task_runs, taken.at_least) == (2, False)


def said(message: str, number: int) -> ExecutorReport:
    return ExecutorReport(
        flow_run_id=RUN,
        runner_id=A,
        request_id=f"said-{message}-{number}",
        outcome="failed",
        message=message,
    )


@pytest.fixture
def repeating() -> list[Step]:
    """An executor fails again and again, before anything is torn down and before it warns."""
    torn = (runner, outside, within(), flow, with_body, registered("t"), granted("t", by=B))
    return [*torn, cancel, *(said("it raised", number) for number in range(1_005))]


def test_teardowns_are_told_however_often_an_executor_fails(
    model: Told, repeating: list[Step]
) -> None:
    account = account_of(model, *repeating, lost(B), torn_down("started"), torn_down("done"))

    assert [(one.runner_id, one.outcome) for one in account.teardowns] == [(B, "done")]


def test_the_warnings_are_the_latest_ones(model: Told, repeating: list[Step]) -> None:
    account = account_of(model, *repeating, later(1), said("it is full", 1))

    assert [one.message for one in account.warnings] == ["it raised", "it is full"]


def test_that_all_can_be_stopped_is_said_of_all_or_not_at_all(model: Told) -> None:
    beginning = running(3)
    names = ("t0", "t1", "t2")
    scenario = given(*beginning, acknowledged("body", *names[:2], last=False))
    model.tell_entries(scenario.world.journal)
    read = ReadModel(model.database)
    (partly,) = waited_for(read)
    known = len(scenario.world.journal)

    scenario.when(acknowledged("t2", chunk=1))
    model.tell_entries(scenario.world.journal[known:])
    (wholly,) = waited_for(read)

    assert partly == (A, 4, None)
    assert wholly == (A, 4, True)


def test_of_more_than_are_looked_at_it_is_not_known_whether_all_can_be_stopped(
    model: Told,
) -> None:
    first, second, third = chunks(1_200)
    told_of = (
        acknowledged("body", *first[:-1], last=False),
        acknowledged(first[-1], *second[:-1], last=False, chunk=1),
        acknowledged(second[-1], *third, chunk=2),
    )
    model.tell_entries(given(*running(1_200), *told_of).world.journal, batch=AT_ONCE)

    assert waited_for(ReadModel(model.database)) == [(A, 1_201, None)]


def waited_for(read: ReadModel) -> list[tuple[str, int, bool | None]]:
    account = read.cancel_account(RUN)
    assert account is not None
    return [(one.runner_id, one.task_runs, one.can_stop) for one in account.waited_for]


@pytest.mark.parametrize("others, is_reached", [(10, False), (1_010, None)])
def test_of_more_runners_than_are_asked_it_is_not_known_whether_one_ends_what_is_there(
    model: Told, others: int, is_reached: bool | None
) -> None:
    crowd = [runner.model_copy(update={"runner_id": f"other-{n:04}"}) for n in range(others)]
    held = (runner, within(), flow, with_body, registered("t"), granted("t", by=B))
    model.tell_entries(given(*crowd, *held).world.journal, batch=AT_ONCE)

    found = ReadModel(model.database).cancellable(RUN, waiting_max=10)

    assert {one.runner_id: one.is_reached for one in found.holders} == {A: False, B: is_reached}
