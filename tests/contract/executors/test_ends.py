"""How attempts end when nobody cancels, and that each ends exactly once."""

import os

import pytest

from rescind.errors import AttemptHeldError, ExecutorClosedError
from rescind.runners.executors import AttemptKey, Call, Rung, Work, WorkEnd
from tests.contract.executors import works
from tests.contract.executors.bench import Bench
from tests.contract.executors.kinds import Kind


def _nobody(_end: WorkEnd) -> None:
    """Whoever looks at the executor itself needs no end."""


def test_a_call_that_returns_is_a_success_with_its_value(bench: Bench) -> None:
    end = bench.end_of(bench.submit(works.add, 20, 22))

    assert (end.end, end.value, end.how, end.error) == ("success", 42, None, None)
    assert end.stopped_confirmed


def test_a_call_that_raises_has_failed_with_its_error_and_where_it_was(bench: Bench) -> None:
    end = bench.end_of(bench.submit(works.fail, "no such part"))

    assert end.end == "failed"
    assert end.error is not None
    assert (end.error.type, end.error.message) == ("ValueError", "no such part")
    assert "in fail" in (end.error.traceback or "")
    assert "executors/interrupting" not in (end.error.traceback or "")
    assert isinstance(end.error.exception, ValueError)


def test_a_task_that_wants_to_leave_does_not_take_the_runner_along(bench: Bench) -> None:
    end = bench.end_of(bench.submit(works.leave, 3))

    assert (end.end, end.error and end.error.type) == ("failed", "SystemExit")
    assert bench.end_of(bench.submit(works.add, 1)).value == 2


def test_code_knows_which_attempt_it_is(bench: Bench) -> None:
    key = bench.submit(works.who_runs)

    assert bench.end_of(key).value == (key.task_run_id, 1, key.task_run_id)


def test_a_task_that_says_itself_that_it_is_cancelled_ended_so_by_itself(bench: Bench) -> None:
    end = bench.end_of(bench.submit(works.raise_cancelled))

    assert (end.end, end.how) == ("cancelled", "by_runner")


def test_two_hundred_short_works_end_once_each(bench: Bench) -> None:
    keys = [bench.submit(works.add, number) for number in range(200)]

    values = [bench.end_of(key).value for key in keys]

    assert values == [number + 1 for number in range(200)]
    assert set(bench.told.values()) == {1}
    assert bench.executor.held() == []


def test_what_is_held_is_what_has_not_ended(bench: Bench) -> None:
    marker = bench.marker()
    first = bench.submit(works.watch_the_flag, marker)
    second = bench.submit(works.add, 1)
    seen: list[list[AttemptKey]] = []

    def look_and_let_it_end() -> None:
        seen.append(bench.executor.held())
        bench.cancel(first, Rung.FLAG)

    bench.when_there(marker, look_and_let_it_end)
    bench.end_of(first)
    bench.end_of(second)

    assert first in seen[0]
    assert bench.executor.held() == []


def test_an_attempt_cannot_be_given_twice(bench: Bench) -> None:
    marker = bench.marker()
    key = bench.submit(works.nap, marker, 0.1)

    with pytest.raises(AttemptHeldError, match=key.task_run_id):
        bench.executor.submit(Work(key, "again", Call(works.add, (1,))), _nobody)
    assert bench.end_of(key).value == works.DONE


def test_a_gate_that_stays_shut_keeps_work_from_beginning(bench: Bench) -> None:
    asked: list[AttemptKey] = []

    def shut(key: AttemptKey) -> bool:
        asked.append(key)
        return False

    marker = bench.marker()
    key = bench.submit(works.nap, marker, 0.0, gate=shut)

    end = bench.end_of(key)

    assert (end.end, end.how, asked) == ("cancelled", "never_started", [key])
    assert not marker.exists()


def test_a_gate_that_breaks_keeps_work_from_beginning(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_key: AttemptKey) -> bool:
        raise OSError("the inbox cannot be read")

    end = bench.end_of(bench.submit(works.add, 1, gate=broken))

    assert (end.end, end.how) == ("cancelled", "never_started")
    assert "the inbox cannot be read" in caplog.text


def test_after_shutdown_nothing_is_taken_and_nothing_pending_begins(kind: Kind) -> None:
    executor = kind.make()
    executor.start()

    assert executor.shutdown() == []
    with pytest.raises(ExecutorClosedError):
        executor.submit(Work(AttemptKey("f", "t"), "late", Call(works.add, (1,))), _nobody)


@pytest.mark.parametrize("how, exit_code", [("exit", 3), ("signal", -11)])
def test_a_crash_takes_down_its_own_attempt_only(trees: Bench, how: str, exit_code: int) -> None:
    crashing = trees.submit(works.crash, how)
    other = trees.submit(works.nap, trees.marker(), 0.3)

    end = trees.end_of(crashing)

    assert end.end == "crashed"
    assert end.evidence["exit_code"] == exit_code
    assert trees.end_of(other).value == works.DONE
    assert trees.end_of(trees.submit(works.add, 1)).value == 2


def test_arguments_that_cannot_be_sent_fail_the_attempt_with_a_remedy(trees: Bench) -> None:
    end = trees.end_of(trees.submit(works.add, works.return_a_lock()))

    assert (end.end, end.error and end.error.type) == (
        "failed",
        "rescind.errors.ArgumentsNotSentError",
    )
    assert "inside the task" in str(end.error)


def test_a_result_that_cannot_be_sent_fails_the_attempt_with_a_remedy(trees: Bench) -> None:
    end = trees.end_of(trees.submit(works.return_a_lock))

    assert (end.end, end.error and end.error.type) == (
        "failed",
        "rescind.errors.ResultNotSentError",
    )


def test_work_sees_its_arguments_as_they_were_when_it_was_submitted(trees: Bench) -> None:
    parts = [1, 2]
    keys = [trees.submit(sum, parts) for _ in range(5)]
    parts.append(39)

    assert {trees.end_of(key).value for key in keys} == {3}


def test_each_attempt_has_a_process_of_its_own(trees: Bench) -> None:
    pids = [trees.end_of(trees.submit(os.getpid)).value for _ in range(3)]

    assert len({*pids, os.getpid()}) == 4


def test_an_end_that_cannot_be_handed_on_does_not_stop_the_executor(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_end: WorkEnd) -> None:
        raise OSError("nobody listens")

    bench.executor.submit(
        Work(AttemptKey("f", "unheard"), "unheard", Call(works.add, (1,))), broken
    )

    assert bench.end_of(bench.submit(works.add, 1)).value == 2
    bench.wait_until(lambda: not bench.executor.held())
    assert "nobody listens" in caplog.text


def test_cancelling_what_is_not_there_does_nothing(bench: Bench) -> None:
    ended = bench.submit(works.add, 1)
    bench.end_of(ended)

    for rung in Rung:
        assert bench.cancel(AttemptKey("flow", "stranger"), rung).outcome == "not_held"
        assert bench.cancel(ended, rung).outcome == "not_held"
    assert bench.ends[ended].value == 2
    assert bench.told[ended] == 1
