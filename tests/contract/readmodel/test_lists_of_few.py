"""Lists of what is few among much: what is stuck, namespaces, runners that live."""

from dataclasses import replace

from rescind.events.requests import FlowRegister
from rescind.events.words import RunnerCapabilities
from rescind.server.readmodel.queries.flows import FlowFilter
from rescind.server.readmodel.reading import ReadModel
from tests.contract.readmodel.tables import Told
from tests.contract.readmodel.test_lists import a_crowd, every
from tests.scenario import given, later
from tests.words import A, cancel, flow, granted, lost, registered, runner, with_body
from tests.world import NOON_MS, RUN


def test_stuck_is_what_is_past_its_deadline(model: Told) -> None:
    scenario = given(runner, flow, with_body, cancel)
    deadline_ms = scenario.world.clocks()["deadline"]
    model.tell_entries(scenario.world.journal)
    read = ReadModel(model.database)

    assert read.stuck(deadline_ms + 5_000).items == ()
    (row,) = read.stuck(deadline_ms + 5_001).items
    assert row.state.flow_run_id == RUN


def test_what_is_stuck_can_be_filtered_counted_and_paged_as_anything_else(model: Told) -> None:
    scenario = given(runner)
    for number in range(9):
        is_ours = number < 6
        register = FlowRegister(
            flow_run_id=f"run-{number}",
            name="odd" if number % 2 else "even",
            labels={"team": "a"} if is_ours else {},
            namespace="space-1" if is_ours else "default",
        )
        steps = (register, with_body, cancel)
        for step in steps if number != 8 else steps[:2]:
            update = {"flow_run_id": f"run-{number}", "request_id": f"{number}-{step.type}"}
            scenario.when(step.model_copy(update=update))
        scenario.when(later(1))
    model.tell_entries(scenario.world.journal)
    read, late_ms = ReadModel(model.database), NOON_MS + 10**8

    def stuck(wanted: FlowFilter) -> list[str]:
        """The longest stuck first, in pages of two."""
        pages = every(lambda at: read.stuck(late_ms, wanted, limit=2, cursor=at))
        return [row.state.flow_run_id for row in pages]

    odd, ours = FlowFilter(text="ODD"), FlowFilter(labels={"team": "a"}, namespace="space-1")
    assert stuck(FlowFilter()) == [f"run-{n}" for n in range(8)]
    assert stuck(odd) == ["run-1", "run-3", "run-5", "run-7"]
    assert stuck(ours) == [f"run-{n}" for n in range(6)]
    assert stuck(replace(ours, text="odd")) == ["run-1", "run-3", "run-5"]
    assert stuck(replace(ours, states=("Running.Cancelling",))) == stuck(ours)
    assert stuck(FlowFilter(states=("Pending",))) == []
    assert stuck(FlowFilter(within=("space-1",), text="even")) == ["run-0", "run-2", "run-4"]
    assert read.count_flow_runs(stuck_by_ms=late_ms) == {"Running.Cancelling": 8}
    assert read.count_flow_runs(ours, late_ms) == {"Running.Cancelling": 6}
    assert read.count_flow_runs(odd, NOON_MS) == {}


def test_namespaces_are_those_that_have_flow_runs_and_may_be_seen(model: Told) -> None:
    read = ReadModel(model.database)
    model.tell_entries([])
    assert read.namespaces() == ()

    a_crowd(model, 40)

    assert read.namespaces() == ("space-0", "space-1")
    assert read.namespaces(limit=1) == ("space-0",)
    assert read.namespaces(within=("space-1", "elsewhere")) == ("space-1",)
    assert read.namespaces(within=("elsewhere",)) == ()


def test_runners_are_shown_with_what_they_hold(model: Told) -> None:
    scenario = given(runner, flow, with_body, registered("t1"), granted("t1"))
    model.tell_entries(scenario.world.journal)

    read = ReadModel(model.database)
    (row,) = read.runners().items

    assert (row.runner_id, row.states, row.task_runs_held) == (A, {0: "Registered"}, 2)
    assert read.runners(gone=False).items == (row,)
    assert read.runners(gone=True).items == ()
    assert read.count_runners() == (1, 0)


def test_whether_its_runners_interrupt_is_said_without_its_task_runs(model: Told) -> None:
    threads = RunnerCapabilities(can_interrupt=False)
    asks = runner.model_copy(update={"capabilities": threads})
    model.tell_entries(given(asks, flow, with_body).world.journal)
    read = ReadModel(model.database)

    details = read.flow_run(RUN)
    assert details is not None
    assert (read.interrupts(RUN), details.interrupts) == (False, False)
    assert read.interrupts("nobody") is None


def test_who_is_gone_can_be_left_out(model: Told) -> None:
    scenario = given(runner, flow, with_body, lost())
    model.tell_entries(scenario.world.journal)
    read = ReadModel(model.database)

    assert [row.runner_id for row in read.runners(gone=True).items] == [A]
    assert read.runners(gone=False).items == ()
    assert read.count_runners() == (0, 1)
