"""What cancelling does to work in every situation, by every rung, and what it cannot do."""

from typing import cast

import pytest

from rescind.runners.executors import Command, Rung, WorkEnd
from rescind.runners.executors.held import REACT_SECONDS
from tests.contract.executors import works
from tests.contract.executors.bench import SECONDS_MAX, Bench
from tests.contract.executors.kinds import KINDS, SITUATIONS, Kind

LONG_SECONDS = SECONDS_MAX
# Longer than it takes to say that it cannot be stopped, and soon over.
SHORT_SECONDS = REACT_SECONDS + 1.0

_STOPPABLE = [(kind, situation) for kind in KINDS for situation in kind.stopped_by]
_UNSTOPPABLE = [
    (kind, situation)
    for kind in KINDS
    for situation in SITUATIONS
    if situation not in kind.stopped_by
]

_INTERRUPTING = [kind for kind in KINDS if kind.can_interrupt]


def _name(value: object) -> str:
    return value.name if isinstance(value, Kind) else str(value)


def _print_time(bench: Bench, what: str, end: WorkEnd) -> None:
    print(f"{bench.kind.name}, {what}: {end.evidence['stop_ms']} ms")  # noqa: T201 - never asserted.


@pytest.mark.parametrize("kind, situation", _STOPPABLE, indirect=["kind"], ids=_name)
def test_running_work_is_stopped_by_the_rung_that_the_table_names(
    bench: Bench, situation: str
) -> None:
    rung = bench.kind.stopped_by[situation]
    marker = bench.marker()
    key = bench.submit(SITUATIONS[situation], marker, LONG_SECONDS)

    bench.when_there(marker, lambda: bench.cancel(key, rung))
    end = bench.end_of(key)

    assert end.end == "cancelled"
    assert end.how == ("graceful" if rung is Rung.INTERRUPT else "forced")
    assert end.stopped_confirmed
    _print_time(bench, f"{situation} by {rung}", end)


@pytest.mark.parametrize("kind, situation", _UNSTOPPABLE, indirect=["kind"], ids=_name)
def test_scenario_38_what_cannot_be_stopped_is_said_so_and_waited_for(
    bench: Bench, situation: str
) -> None:
    marker = bench.marker()
    key = bench.submit(SITUATIONS[situation], marker, SHORT_SECONDS)

    def ask() -> None:
        for rung in bench.executor.rungs:
            assert bench.cancel(key, rung).outcome == "done"
        bench.wait_until(lambda: bench.executor.cannot_stop([key]) == [key])
        assert bench.executor.held() == [key]

    bench.when_there(marker, ask)
    end = bench.end_of(key)

    assert end.end == bench.kind.late_end
    assert end.value == (works.DONE if end.end == "success" else None)
    assert bench.executor.cannot_stop([key]) == []


@pytest.mark.parametrize("rung", Rung)
def test_a_rung_that_an_executor_has_ends_sleeping_work_and_one_that_it_lacks_is_said_so(
    bench: Bench, rung: Rung
) -> None:
    marker = bench.marker()
    key = bench.submit(works.give_way_to_the_flag, marker)
    outcomes: list[str] = []

    def take() -> None:
        outcomes.append(bench.cancel(key, rung).outcome)
        bench.climb(key, Rung.FLAG)

    bench.when_there(marker, take)
    end = bench.end_of(key)

    bench.wait_until(lambda: bool(outcomes))
    has_it = rung in bench.executor.rungs
    assert outcomes == ["done" if has_it else "unsupported"]
    assert end.end == "cancelled"
    assert set(bench.executor.rungs) <= set(Rung)
    assert bench.executor.capabilities.can_kill == (Rung.KILL in bench.executor.rungs)
    assert bench.executor.capabilities.can_interrupt == (Rung.INTERRUPT in bench.executor.rungs)
    assert bench.executor.capabilities.survivors


@pytest.mark.parametrize("rung", Rung)
def test_pending_work_never_begins_once_it_is_cancelled(bench: Bench, rung: Rung) -> None:
    marker, *blocking = (bench.marker() for _ in range(1 + bench.kind.runs_at_once))
    running = [bench.submit(works.watch_the_flag, path) for path in blocking]
    pending = bench.submit(works.nap, marker, 0.0)

    def cancel() -> None:
        # They need not begin in the order in which they were submitted.
        for path in blocking:
            bench.wait_for_file(path)
        assert bench.cancel(pending, rung).outcome == "done"
        for key in running:
            bench.cancel(key, Rung.FLAG)

    bench.meanwhile(cancel)
    end = bench.end_of(pending)

    assert (end.end, end.how, end.error) == ("cancelled", "never_started", None)
    assert bench.executor.capabilities.can_stop_pending
    for key in running:
        assert bench.end_of(key).end == "success"
    # Whatever had come after it has run: it would have begun by now.
    assert bench.end_of(bench.submit(works.add, 1)).value == 2
    assert not marker.exists()


def test_work_that_cooperates_keeps_its_real_end(bench: Bench) -> None:
    marker = bench.marker()
    key = bench.submit(works.watch_the_flag, marker)

    bench.when_there(marker, lambda: bench.cancel(key, Rung.FLAG))
    end = bench.end_of(key)

    assert (end.end, end.value) == ("success", f"tidied up after {key.task_run_id}")
    _print_time(bench, "flag", end)


def test_only_the_attempt_that_is_meant_is_cancelled(bench: Bench) -> None:
    meant, other = bench.marker(), bench.marker()
    first = bench.submit(works.give_way_to_the_flag, meant)
    second = bench.submit(works.nap, other, 0.3)

    bench.when_there(meant, lambda: bench.climb(first, *bench.executor.rungs[:2]))

    assert bench.end_of(first).end == "cancelled"
    assert bench.end_of(second).value == works.DONE


@pytest.mark.parametrize("kind", _INTERRUPTING, indirect=True, ids=_name)
def test_an_interrupt_that_is_swallowed_comes_again_until_it_gets_through(bench: Bench) -> None:
    marker = bench.marker()
    key = bench.submit(works.swallow, marker, 2)

    def interrupt_three_times() -> None:
        for swallowed in range(3):
            bench.wait_for_file(marker.with_suffix(f".{swallowed}"))
            bench.cancel(key, Rung.INTERRUPT)

    bench.meanwhile(interrupt_three_times)
    end = bench.end_of(key)

    assert (end.end, end.how) == ("cancelled", "graceful")
    assert end.evidence["rungs"] == [{"rung": "interrupt", "after_ms": 0, "times": 3}]


@pytest.mark.parametrize("kind", _INTERRUPTING, indirect=True, ids=_name)
def test_clean_up_that_fails_after_an_interrupt_leaves_the_work_cancelled(bench: Bench) -> None:
    marker = bench.marker()
    key = bench.submit(works.fail_in_cleanup, marker)

    bench.when_there(marker, lambda: bench.cancel(key, Rung.INTERRUPT))
    end = bench.end_of(key)

    assert (end.end, end.how) == ("cancelled", "graceful")
    assert end.error is not None
    assert end.error.message == "the disk is full"


def test_scenario_43_work_that_swallows_everything_ends_by_the_kill(trees: Bench) -> None:
    marker = trees.marker()
    key = trees.submit(works.ignore_sigterm, marker)

    def interrupt_in_vain() -> None:
        marker.unlink()
        trees.cancel(key, Rung.INTERRUPT)
        trees.wait_for_file(marker)  # It has swallowed it, and goes on.

    def climb() -> None:
        trees.cancel(key, Rung.FLAG)
        interrupt_in_vain()
        trees.cancel(key, Rung.TERMINATE)
        interrupt_in_vain()
        trees.cancel(key, Rung.KILL)

    trees.when_there(marker, climb)
    end = trees.end_of(key)

    assert (end.end, end.how, end.stopped_confirmed) == ("cancelled", "forced", True)
    assert end.evidence["signal"] == "SIGKILL"
    rungs = cast("list[dict[str, object]]", end.evidence["rungs"])
    assert [(step["rung"], step["times"]) for step in rungs] == [
        ("flag", 1),
        ("interrupt", 2),
        ("terminate", 1),
        ("kill", 1),
    ]


def test_a_command_gives_what_it_wrote(bench: Bench) -> None:
    key = bench.submit_work(Command("echo to stdout; echo to stderr >&2"))

    end = bench.end_of(key)

    assert end.end == "success"
    assert end.evidence["output"] == "to stdout\nto stderr\n"


def test_of_what_a_command_writes_the_end_is_kept(bench: Bench) -> None:
    key = bench.submit_work(Command("seq 100000", output_bytes_max=14))

    end = bench.end_of(key)

    assert end.evidence["output"] == "\n99999\n100000\n"
    assert end.evidence["output_cut"] is True


def test_a_command_that_fails_says_its_code_and_its_last_words(bench: Bench) -> None:
    end = bench.end_of(bench.submit_work(Command("echo no space left; exit 7")))

    assert (end.end, end.evidence["exit_code"]) == ("failed", 7)
    assert "it is 7; the last it said: no space left" in str(end.error and end.error.message)


def test_a_command_that_is_not_there_has_failed(bench: Bench) -> None:
    end = bench.end_of(bench.submit_work(Command(("no-such-command", "-x"))))

    assert (end.end, end.error and end.error.type) == ("failed", "FileNotFoundError")


@pytest.mark.parametrize("rung", [Rung.INTERRUPT, Rung.TERMINATE, Rung.KILL])
def test_a_command_is_stopped_with_all_that_it_started_in_every_executor(
    bench: Bench, rung: Rung
) -> None:
    marker = bench.marker()
    key = bench.submit_work(
        Command(f"sleep 60 & setsid sleep 60 & (setsid sleep 60 &); touch '{marker}'; sleep 60")
    )

    # Again and again, as the ladder does: a shell that is about to fork can lose a SIGINT.
    bench.when_there(marker, lambda: bench.climb(key, rung))
    end = bench.end_of(key)

    assert end.end == "cancelled"
    assert end.how == ("graceful" if rung is Rung.INTERRUPT else "forced")
    assert (end.stopped_confirmed, end.evidence["survivors"]) == (True, [])
    _print_time(bench, f"command by {rung}", end)


def test_a_command_has_no_flag(bench: Bench) -> None:
    marker = bench.marker()
    key = bench.submit_work(Command(f"touch '{marker}'; sleep 60"))
    outcomes: list[str] = []

    def flag_then_kill() -> None:
        outcomes.append(bench.cancel(key, Rung.FLAG).outcome)
        bench.cancel(key, Rung.KILL)

    bench.when_there(marker, flag_then_kill)
    bench.end_of(key)

    assert outcomes == ["unsupported"]
