"""A bulk cancellation: counted before it starts, held up at will, one outcome for each flow run."""

import pytest

from rescind.events.bulk import BulkTally, FlowPredicate
from rescind.events.journal import BulkCompleted
from rescind.events.refusals import Code
from rescind.events.requests import BulkStart, FlowCancel, FlowRegister
from rescind.events.states import FlowState
from rescind.events.words import ParentLink
from rescind.statemachine.predicates import is_meant
from rescind.statemachine.records import public_flow
from tests.bulks import (
    BULK,
    MANY,
    completed,
    counted,
    created,
    cursor,
    forgets_bulk,
    item,
    known_bulk,
    paused,
    progress,
    resumed,
    running,
    started_bulk,
    stopped_bulk,
)
from tests.scenario import Step, given, later, restarted, unsigned
from tests.words import cancel, flow
from tests.world import NOON_MS, RUN

FINISHED = Code.ALREADY_FINISHED
WEEK_SECONDS = 7 * 86_400


def test_nobody_starts_what_was_not_counted() -> None:
    draft = given(created)

    draft.when(started_bulk).then_refused("no_such_edge")
    draft.when(counted(), started_bulk).then("bulk.started")


def test_many_have_to_be_confirmed_by_whoever_knows_how_many() -> None:
    many = given(created, counted(MANY))

    many.when(started_bulk).then_refused("confirmation_needed")
    many.when(BulkStart(bulk_id=BULK, confirmed_count=MANY - 1)).then_refused("confirmation_needed")
    many.when(BulkStart(bulk_id=BULK, confirmed_count=MANY)).then("bulk.started")


def test_each_flow_run_has_one_outcome_also_after_a_restart() -> None:
    first = progress(item("f1"), item("f2", FINISHED))
    told = given(*running, first, restarted)

    told.when(first).then_refused("stale")
    told.when(progress(item("f3", FINISHED), after="f1")).then_refused("stale")
    told.when(progress(item("f3", FINISHED), after="f2", last=True))

    told.then("bulk.progressed", "bulk.completed")
    bulk = known_bulk(told.world)
    assert (bulk.state, bulk.cursor) == ("Finished.Completed", cursor("f3"))
    assert bulk.tally == BulkTally(asked=3, refused={FINISHED: 2})
    end = told.entries[-1].event
    assert isinstance(end, BulkCompleted)
    assert end.tally == bulk.tally


@pytest.mark.parametrize("held_up, state", [(paused, "Paused"), (stopped_bulk, "Finished.Stopped")])
def test_what_was_asked_before_it_was_held_up_is_told_of_after_it(
    held_up: Step, state: str
) -> None:
    held = given(*running, progress(item("f1")), held_up)

    # Even if that was the last flow run, whoever has held it up decides when it ends.
    held.when(progress(item("f2"), after="f1", last=True)).then("bulk.progressed")

    bulk = known_bulk(held.world)
    assert (bulk.state, bulk.tally.asked) == (state, 2)


def test_it_goes_on_where_it_was_paused() -> None:
    held = given(*running, progress(item("f1")), paused, restarted)

    held.when(resumed).then("bulk.resumed")
    held.when(progress(after="f1", last=True)).then("bulk.completed")


def test_asking_again_for_what_is_the_case_changes_nothing() -> None:
    held = given(*running)
    for again in (started_bulk, resumed):
        held.when(again).then_refused("duplicate")
    held.when(paused, paused).then_refused("duplicate")
    held.when(stopped_bulk, stopped_bulk).then_refused("duplicate")


@pytest.mark.parametrize("kept", [(created,), (created, counted()), completed], ids=len)
def test_what_is_over_or_was_never_started_is_forgotten_after_a_week(
    kept: tuple[Step, ...],
) -> None:
    over = given(*kept, forgets_bulk).then("bulk.forgotten")

    assert over.world.now_ms == NOON_MS + WEEK_SECONDS * 1000
    assert over.world.restored().bulks == {}
    # Its id may begin another life.
    over.when(created).then("bulk.created")
    assert over.entries[0].version == 1


def test_what_is_paused_is_kept() -> None:
    held = given(*running, paused, later(400 * 86_400))

    with pytest.raises(KeyError):
        held.when(forgets_bulk)


def test_only_the_service_says_what_came_of_it() -> None:
    held = given(created)
    held.when(unsigned(counted())).then_refused("not_allowed")
    held.when(counted(), started_bulk, unsigned(progress(last=True))).then_refused("not_allowed")


def test_a_flow_run_of_the_same_id_is_another_stream() -> None:
    both = given(created, FlowRegister(flow_run_id=BULK), counted())

    both.then("bulk.counted")
    assert (known_bulk(both.world).version, both.world.flow(BULK).version) == (2, 1)
    assert both.world.restored().bulks == both.world.base.bulks


def of_bulk(until_ms: int) -> FlowCancel:
    return FlowCancel(
        flow_run_id=RUN, request_id=f"bulk/{BULK}/{RUN}", bulk_id=BULK, registered_until=until_ms
    )


def test_what_is_registered_after_the_cut_is_left_alone() -> None:
    known = given(flow)

    known.when(of_bulk(NOON_MS - 1)).then_refused("stale")
    known.when(of_bulk(NOON_MS)).then("flow.cancelled")
    cancellation = known.world.flow().cancellation
    assert cancellation is not None
    assert cancellation.bulk_id == BULK


def test_an_id_that_nobody_knows_is_not_armed_by_it() -> None:
    unknown = given(of_bulk(NOON_MS)).then_refused("unknown_run")

    unknown.when(flow).then("flow.registered")


REGISTERED = FlowRegister(
    flow_run_id=RUN,
    name="nightly",
    namespace="etl",
    labels={"team": "a", "tier": "1"},
    parent=ParentLink(flow_run_id="above", task_run_id="c"),
)


@pytest.mark.parametrize(
    "where, meant",
    [
        ({}, True),
        ({"labels": {"team": "a"}}, True),
        ({"labels": {"team": "a", "tier": "2"}}, False),
        ({"labels": {"who": "a"}}, False),
        ({"names": ["x", "nightly"]}, True),
        ({"names": ["x"], "labels": {"team": "a"}}, False),
        ({"namespaces": ["etl"]}, True),
        ({"namespaces": ["default"]}, False),
        ({"states": ["Running", "Pending"]}, True),
        ({"states": ["Pend"]}, False),
        ({"states": ["Running"]}, False),
        ({"parent": "above"}, True),
        ({"parent": RUN}, False),
    ],
)
def test_a_flow_run_is_meant_if_it_fits_all_that_is_asked(
    where: dict[str, object], meant: bool
) -> None:
    known = FlowState.model_validate_json(public_flow(given(REGISTERED).world.flow()))

    assert is_meant(known, FlowPredicate.model_validate(where, strict=False)) is meant


def test_what_has_ended_is_never_meant() -> None:
    over = public_flow(given(flow, cancel).world.flow())

    assert not is_meant(FlowState.model_validate_json(over), FlowPredicate())


def test_a_state_is_also_what_lies_below_it() -> None:
    running_now = FlowState.model_validate_json(public_flow(given(flow).world.flow()))
    cancelling = running_now.model_copy(update={"state": "Running.Cancelling"})

    assert is_meant(cancelling, FlowPredicate(states=("Running",)))
    assert not is_meant(cancelling, FlowPredicate(states=("Running.Cancel",)))
