"""What the agents know of bulk cancellations, whom those mean, and how fast they are asked."""

import pytest

from rescind.events.bulk import BulkItem, BulkTally, Cut, FlowPredicate
from rescind.events.journal import Entry
from rescind.events.refusals import Code
from rescind.kafka.records import Record
from rescind.processors.bulk import item_of
from rescind.processors.watching.bulks import Bulks
from rescind.processors.watching.meant import Meant, Place, see
from rescind.processors.watching.pace import CHUNK_MAX, Pace
from rescind.statemachine.records import public_flow
from tests.bulks import (
    BULK,
    counted,
    created,
    cursor,
    item,
    known_bulk,
    paused,
    progress,
    started_bulk,
)
from tests.scenario import Step, given
from tests.words import cancel, flow, granted, registered, runner, started
from tests.world import NOON_MS, RUN

P = 3


def known() -> Bulks:
    """A partition that was read when there was nothing in it."""
    bulks = Bulks()
    bulks.knows(P, [])
    return bulks


def life() -> list[Entry]:
    """Each event of one that is created, counted, started, asks a flow run, is paused."""
    told = given(created, counted(), started_bulk, progress(item("f1")), paused)
    return told.world.journal


def test_it_is_moved_on_by_what_is_heard_and_by_nothing_twice() -> None:
    bulks = known()
    for entry in life():
        assert bulks.hear(P, entry)
        assert bulks.hear(P, entry)

    bulk = bulks.get(BULK)
    assert bulk is not None
    assert (bulk.state, bulk.version, bulk.cursor) == ("Paused", 5, cursor("f1"))
    assert bulks.look_after({P}) == set()


def test_after_an_event_that_was_missed_its_partition_is_read_again() -> None:
    bulks, events = known(), life()
    for entry in (*events[:3], events[4]):
        bulks.hear(P, entry)

    assert bulks.look_after({P}) == {P}
    # Not of now until then, whatever is heard.
    assert not bulks.hear(P, events[4])


def test_a_partition_that_is_not_looked_after_is_read_before_anything_is_known_of_it() -> None:
    bulks = Bulks()
    assert not bulks.hear(P, life()[0])
    assert bulks.get(BULK) is None
    assert bulks.look_after({P}) == {P}
    assert bulks.look_after(set()) == set()


def state_of(*past: Step) -> Record:
    world = given(*past).world
    return Record("flow-states", P, 0, 0, RUN.encode(), public_flow(world.flow()), ())


def test_the_last_record_of_a_flow_run_says_whether_it_is_meant() -> None:
    meant, where = Meant(), FlowPredicate(states=("Pending",))
    see(meant, [state_of(flow)], where)
    assert meant.counted() == [Place(NOON_MS, RUN, P)]

    see(meant, [state_of(runner, flow, started, registered("t"), granted("t"))], where)
    assert meant.counted() == []
    see(meant, [state_of(flow), state_of(flow, cancel)], where)
    assert meant.counted() == []
    # What has ended counts for when the partition had its last flow run all the same.
    assert meant.latest == {P: NOON_MS}


def test_a_record_that_cannot_be_read_hides_no_other() -> None:
    meant = Meant()
    odd = Record("flow-states", P, 0, 0, b"odd", b'{"registered_at":"noon"}', ())
    none = Record("flow-states", P, 1, 0, b"none", b"{", ())
    see(meant, [odd, none, state_of(flow)], FlowPredicate())
    assert list(meant.places) == [RUN]


def test_their_turn_comes_in_the_order_of_registration_up_to_the_cut() -> None:
    places = [Place(20, "b", 0), Place(10, "z", 1), Place(20, "a", 1), Place(30, "c", 0)]
    meant = Meant({place.flow_run_id: place for place in places})

    def names(cut: dict[int, int], after: Place | None = None, asked: int = 0) -> list[str]:
        bulk = known_bulk(given(created, counted(4)).world)._replace(
            cut=tuple(Cut(partition=p, until=until) for p, until in cut.items()),
            cursor=None if after is None else after.cursor,
            tally=BulkTally(asked=asked),
        )
        return [place.flow_run_id for place in meant.due(bulk)]

    assert names({0: 30, 1: 20}) == ["z", "a", "b", "c"]
    assert names({0: 30, 1: 20}, places[2]) == ["b", "c"]
    assert names({0: 29, 1: 20}) == ["z", "a", "b"]
    # A partition that had no flow run at the cut has none that is meant.
    assert names({0: 30}) == ["b", "c"]
    # Three of the four that were counted have been asked: one is left, whoever fits by now.
    assert names({0: 30, 1: 20}, asked=3) == ["z"]


def test_a_rate_is_held_whatever_the_answers_take() -> None:
    pace = Pace(8)
    assert pace.chunk == 2
    assert [pace.wait_seconds(2, now) for now in (100.0, 100.0, 100.375)] == [0.0, 0.25, 0.125]
    # What was not used is not made up for.
    assert [pace.wait_seconds(2, now) for now in (200.0, 200.0)] == [0.0, 0.25]
    assert Pace(0.1).chunk == 1
    assert (Pace(None).chunk, Pace(None).wait_seconds(500, 1.0)) == (CHUNK_MAX, 0.0)


@pytest.mark.parametrize("past", [(flow,), (flow, cancel)], ids=["new", "asked before a restart"])
def test_a_cancel_has_had_its_effect_whichever_answer_says_so(past: tuple[Step, ...]) -> None:
    told = given(*past, cancel)

    assert item_of(told.entries[-1]) == BulkItem(
        flow_run_id=RUN, event_id=told.world.flow().end_id or ""
    )


def test_a_refusal_is_an_outcome_too() -> None:
    told = given(flow, cancel, cancel.model_copy(update={"request_id": "another"}))

    said = item_of(told.entries[-1])

    assert (said.code, said.event_id) == (Code.ALREADY_FINISHED, told.entries[-1].id)
