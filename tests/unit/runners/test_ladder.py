"""The timetable of the ladder, without a clock."""

from itertools import islice, takewhile
from typing import Literal

import pytest

from rescind.runners.executors.base import Rung
from rescind.runners.ladder import timetable

PROCESSES = tuple(Rung)
COMMANDS = (Rung.INTERRUPT, Rung.TERMINATE, Rung.KILL)
LOCAL = (Rung.FLAG, Rung.INTERRUPT)
THREADS = (Rung.FLAG,)


def climbed(
    rungs: tuple[Rung, ...],
    *,
    grace_seconds: float = 4.0,
    mode: Literal["graceful", "abort"] = "graceful",
    cooperative_seconds: float = 0.0,
    until_seconds: float = 6.0,
) -> list[str]:
    steps = timetable(
        mode=mode,
        grace_seconds=grace_seconds,
        rungs=rungs,
        cooperative_seconds=cooperative_seconds,
    )
    due = takewhile(lambda step: step.at_ms <= until_seconds * 1000, steps)
    return [f"{step.at_ms} {step.rung}" for step in islice(due, 50)]


def test_a_process_is_asked_then_interrupted_each_second_then_terminated_then_killed() -> None:
    assert climbed(PROCESSES) == [
        "0 flag",
        "0 interrupt",
        "1000 interrupt",
        "2000 terminate",
        "4000 kill",
        "5000 kill",
        "6000 kill",
    ]


def test_the_defaults_terminate_after_15_seconds_and_kill_after_30() -> None:
    steps = climbed(PROCESSES, grace_seconds=30, until_seconds=30)

    assert steps[-3:] == ["14000 interrupt", "15000 terminate", "30000 kill"]
    assert len(steps) == 1 + 15 + 1 + 1


def test_a_command_gets_no_flag() -> None:
    assert climbed(COMMANDS)[0] == "0 interrupt"


def test_a_task_may_ask_to_be_left_alone_for_a_while_before_it_is_interrupted() -> None:
    assert climbed(PROCESSES, cooperative_seconds=1.5) == [
        "0 flag",
        "1500 interrupt",
        "2000 terminate",
        "4000 kill",
        "5000 kill",
        "6000 kill",
    ]


def test_a_task_cannot_ask_for_more_time_than_there_is() -> None:
    assert climbed(PROCESSES, cooperative_seconds=60)[:3] == [
        "0 flag",
        "2000 terminate",
        "4000 kill",
    ]


def test_the_main_thread_is_interrupted_each_second_for_ever() -> None:
    assert climbed(LOCAL, until_seconds=1000)[-1] == "48000 interrupt"


def test_threads_are_asked_once() -> None:
    assert climbed(THREADS) == ["0 flag"]


@pytest.mark.parametrize("rungs", [PROCESSES, COMMANDS])
def test_scenario_47_abort_kills_at_once_whatever_the_grace(rungs: tuple[Rung, ...]) -> None:
    assert climbed(rungs, mode="abort", cooperative_seconds=9, until_seconds=1) == [
        "0 kill",
        "1000 kill",
    ]


def test_scenario_47_no_grace_kills_at_once() -> None:
    assert climbed(PROCESSES, grace_seconds=0, until_seconds=0) == ["0 kill"]


def test_abort_takes_all_that_there_is_at_once_where_nothing_can_be_killed() -> None:
    assert climbed(LOCAL, mode="abort", cooperative_seconds=9, until_seconds=1) == [
        "0 flag",
        "0 interrupt",
        "1000 interrupt",
    ]


def test_repeats_are_counted() -> None:
    steps = islice(timetable(mode="abort", grace_seconds=9, rungs=PROCESSES), 3)

    assert [step.again for step in steps] == [0, 1, 2]


def test_no_rung_is_made_up() -> None:
    assert climbed(()) == []
