"""The tables that people read: whole, and the same as what the state machine does."""

import pytest

from rescind.events.cancellations import tells_of_cancellations
from rescind.events.describe import (
    ALWAYS,
    ASKED,
    EFFECTS,
    event_classes,
    may_be_refused,
    request_classes,
    type_of,
)
from rescind.events.journal import Event
from rescind.events.refusals import Code
from rescind.events.requests import FlowCancel
from rescind.events.words import End
from rescind.statemachine.machine import BULK, FLOW, RUNNER, TASK, Lifecycle

# Where a life begins is no edge: whoever registers it is there then.
BEGINNINGS = {
    "flow run": "flow.registered",
    "task run": "task.registered",
    "bulk cancellation": "bulk.created",
}


def _name(model: type[Event]) -> str:
    return type_of(model).rpartition(".v")[0]


def test_every_event_has_its_effect_and_every_request_its_answers() -> None:
    assert set(EFFECTS) == set(event_classes())
    assert set(ASKED) == set(request_classes())


def test_types_are_named_after_what_they_are_about_and_have_a_version() -> None:
    for model in event_classes():
        assert type_of(model).endswith(".v1"), model
    assert len({type_of(model) for model in event_classes()}) == len(event_classes())


def test_what_changes_nothing_does_not_count_as_a_version() -> None:
    for model, effect in EFFECTS.items():
        assert model.versioned is (effect.of != ("nothing",)), model


def test_causes_are_requests_or_events_that_there_are() -> None:
    names = {type_of(model) for model in request_classes()} | {
        _name(model) for model in event_classes()
    }

    for model, effect in EFFECTS.items():
        assert {cause for cause in effect.causes if "." in cause} <= names, model
        assert effect.causes, model


def test_every_request_is_the_cause_of_something_else_than_a_refusal() -> None:
    causes = {cause for effect in EFFECTS.values() for cause in effect.causes}

    assert {type_of(model) for model in request_classes()} <= causes


@pytest.mark.parametrize("lifecycle", [FLOW, TASK, RUNNER, BULK], ids=lambda machine: machine.name)
def test_what_the_tables_say_of_states_is_what_the_machine_does(lifecycle: Lifecycle) -> None:
    by_name = {_name(model): effect for model, effect in EFFECTS.items()}
    done: dict[str, set[str]] = {}
    for trigger, _, after in lifecycle.edges:
        # An event with several ends has a trigger for each.
        name, _, end = trigger.rpartition(".")
        name = name if end in {*End, "timed_out"} and name in by_name else trigger
        done.setdefault(name, set()).update([after] if after else [])
    beginning = BEGINNINGS.get(lifecycle.name)
    if beginning is not None:
        done.setdefault(beginning, set()).add(lifecycle.initial)
    else:
        # A runner may say again who it is.
        done["runner.registered"].add(lifecycle.initial)

    said = {
        name: set(effect.becomes) for name, effect in by_name.items() if lifecycle.name in effect.of
    }

    assert said == done


def test_every_refusal_is_of_some_request() -> None:
    named = {code for asked in ASKED.values() for code in asked.refusals}

    assert named | set(ALWAYS) == set(Code)
    assert may_be_refused(FlowCancel, Code.ALREADY_CANCELLING)
    assert may_be_refused(FlowCancel, Code.UNREADABLE)
    assert not may_be_refused(FlowCancel, Code.OPEN_WORK)


def test_no_refusal_is_named_twice_for_a_request() -> None:
    for model, asked in ASKED.items():
        assert len(set(asked.refusals)) == len(asked.refusals), model


def test_every_refusal_says_what_is_the_case_and_what_to_do() -> None:
    for code in Code:
        assert code.meaning.endswith(".")
        assert code.remedy.endswith(".")
        assert Code(code.value) is code


@pytest.mark.parametrize(
    "of_task_run, some, others",
    [
        (
            False,
            {"flow.cancelling", "cancellation.sent", "flow.forgotten", "bulk.paused"},
            ("task.", "runner."),
        ),
        (
            True,
            {"task.cancelling", "cancellation.sent", "task.succeeded"},
            ("flow.", "runner.", "bulk."),
        ),
    ],
    ids=["a flow run", "a task run"],
)
def test_the_small_topic_has_the_story_of_what_is_cancelled(
    of_task_run: bool, some: set[str], others: tuple[str, ...]
) -> None:
    told = {
        _name(model)
        for model in event_classes()
        if tells_of_cancellations(type_of(model), of_task_run=of_task_run)
    }

    assert some <= told
    assert not {name for name in told if name.startswith((*others, "request"))}
    assert not {"flow.started", "task.started"} & told


def test_a_lane_is_one_of_two() -> None:
    assert {model.lane for model in request_classes()} == {"start", "stop"}
    assert all(
        model.lane == "start"
        for model in request_classes()
        if type_of(model).endswith((".register", ".start"))
        and not type_of(model).startswith("bulk.")
    )
