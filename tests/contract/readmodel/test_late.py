"""What came late is counted by what it is about; of an id with several lives, in the last one."""

from sqlalchemy import update

from rescind.events.requests import Clock
from rescind.events.words import End, How
from rescind.server.readmodel.queries.answers import FlowRunDetails
from rescind.server.readmodel.reading import ReadModel
from rescind.server.readmodel.storage.tables import IS_LATE, events
from tests.contract.readmodel.tables import Told
from tests.scenario import Scenario, given, later
from tests.words import (
    body_ended,
    cancel,
    ended,
    flow,
    granted,
    other_runner,
    registered,
    runner,
    strikes,
    with_body,
)
from tests.world import RUN

WEEK_SECONDS = 7 * 86_400
MANY = 60
BY_A_CLOCK = ("task", "Finished.Cancelled", How.DEADLINE)


def given_up(*tasks: str) -> Scenario:
    """Cancelled by a clock: nobody has reported anything."""
    begun = given(runner, other_runner, flow, with_body, registered(*tasks), granted(*tasks))
    return begun.when(cancel, strikes(Clock.DEADLINE))


def known(model: Told, scenario: Scenario) -> FlowRunDetails:
    model.tell_entries(scenario.world.journal)
    found = ReadModel(model.database).flow_run(RUN)
    assert found is not None
    return found


def test_each_is_counted_where_it_belongs(model: Told) -> None:
    scenario = given_up("t1", "t2", "t3")
    scenario.when(ended("t1"), body_ended(End.FAILED), ended("t1", end=End.FAILED))

    found = known(model, scenario)

    assert {(one.name, one.state, one.how): one.late for one in found.groups} == {BY_A_CLOCK: 2}
    # Two reports of one task run; the body is in no account.
    assert (found.late.count, found.late.of_unconfirmed) == (3, 1)
    assert [(one.task_run_id, one.said.end, one.is_body) for one in found.late.first] == [
        ("t1", End.SUCCESS, False),
        ("body", End.FAILED, True),
        ("t1", End.FAILED, False),
    ]
    assert {(one.state, one.how) for one in found.late.first} == {BY_A_CLOCK[1:]}
    read = ReadModel(model.database)
    assert [read.late_reports(RUN, task).count for task in ("t1", "t2", "body")] == [2, 0, 1]
    account = read.cancel_account(RUN)
    assert account is not None
    assert account.late == 3


def test_what_came_before_the_cancel_is_not_in_its_account(model: Told) -> None:
    scenario = given(runner, flow, with_body, registered("t1", "t2"), granted("t1", "t2"))
    scenario.when(ended("t1"), ended("t1", end=End.FAILED), later(5), cancel)

    found = known(model, scenario)

    account = ReadModel(model.database).cancel_account(RUN)
    assert account is not None
    assert (found.late.count, account.late) == (1, 0)
    assert ReadModel(model.database).late_since(RUN, "t1", 0) == 1


def test_the_first_of_many_are_shown_and_all_are_counted(model: Told) -> None:
    tasks = [f"t{number}" for number in range(MANY)]

    found = known(model, given_up(*tasks).when(ended(*tasks)))

    assert [one.task_run_id for one in found.late.first] == tasks[:50]
    assert (found.late.count, found.late.of_unconfirmed) == (MANY, MANY)
    assert [one.late for one in found.groups] == [MANY]


def test_an_earlier_life_has_its_own(model: Told) -> None:
    over = given_up("t1").when(ended("t1"), later(WEEK_SECONDS), strikes(Clock.FORGET))
    over.when(flow, with_body, registered("t1"), granted("t1"))

    found = known(model, over)

    assert (found.late.count, found.late.first) == (0, ())
    assert ReadModel(model.database).late_reports(RUN, "t1").count == 0


def test_what_another_release_has_put_there_is_counted_if_it_cannot_be_read_here(
    model: Told,
) -> None:
    model.tell_entries(given_up("t1").when(ended("t1")).world.journal)
    with model.database.writing(model.number).begin() as connection:
        connection.execute(update(events).where(IS_LATE).values(value=b'{"type":"odd"}'))

    found = ReadModel(model.database).flow_run(RUN)

    assert found is not None
    assert (found.late.count, found.late.first) == (1, ())
