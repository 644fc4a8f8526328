"""Flows and tasks over every executor, without a service."""

import pickle  # noqa: TID251 - what is pickled is made here.
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from rescind.errors import (
    CommandFailedError,
    TaskCancelledError,
    TaskFailedError,
    UnsupportedTaskError,
    WrongPlaceError,
)
from rescind.runners.executors import (
    AsyncExecutor,
    AttemptKey,
    Call,
    Executor,
    LocalExecutor,
    ProcessExecutor,
    Rung,
    ThreadExecutor,
    WorkEnd,
)
from rescind.runners.sdk import CommandTask, current_run, task
from tests.contract.sdk import works
from tests.contract.sdk.session import ExecutorSession

EXECUTORS: dict[str, Callable[[], Executor]] = {
    "local": LocalExecutor,
    "threads": lambda: ThreadExecutor(2),
    "asyncio": lambda: AsyncExecutor(2),
    "processes": lambda: ProcessExecutor(2),
}


@pytest.fixture(params=EXECUTORS)
def session(request: pytest.FixtureRequest) -> ExecutorSession:
    return ExecutorSession(EXECUTORS[request.param]())


def _value(end: WorkEnd) -> object:
    assert end.end == "success", end
    return end.value


def test_results_come_back_to_the_body(session: ExecutorSession) -> None:
    def body() -> list[int]:
        futures = [works.add.submit(number, right=2) for number in range(5)]
        return [future.result() for future in futures]

    assert _value(session.play(body)) == [2, 3, 4, 5, 6]


def test_task_runs_are_named_for_their_task_and_counted(session: ExecutorSession) -> None:
    def body() -> list[str]:
        first, second, third = works.add.submit(1), works.who.submit(), works.add.submit(2)
        return [first.task_run_id, second.task_run_id, third.task_run_id]

    assert _value(session.play(body)) == ["add-1", "who-1", "add-2"]


def test_a_failure_has_the_exception_of_the_task_as_its_cause(session: ExecutorSession) -> None:
    def body() -> TaskFailedError:
        with pytest.raises(TaskFailedError) as caught:
            works.fail.submit("no more").result()
        return caught.value

    error = _value(session.play(body))
    assert isinstance(error, TaskFailedError)
    assert isinstance(error.__cause__, works.OutOfPaperError)
    assert str(error).endswith("OutOfPaperError: no more")


def test_code_knows_its_run_wherever_it_runs(session: ExecutorSession) -> None:
    def body() -> object:
        return works.who.submit().result(), current_run().task_run_id

    assert _value(session.play(body)) == (("flow", "who-1", 1), "body")


def test_a_task_notices_that_it_is_to_stop(session: ExecutorSession, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    helper = _flag_when_there(session, marker, "wait_for_the_flag-1")

    end = session.play(lambda: works.wait_for_the_flag.submit(marker).result())
    helper.join()

    assert _value(end) == "noticed"


def test_the_result_of_a_cancelled_task_is_an_error_of_its_own(
    session: ExecutorSession, tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    helper = _flag_when_there(session, marker, "give_way-1")

    def body() -> str:
        with pytest.raises(TaskCancelledError) as caught:
            works.give_way.submit(marker).result()
        return caught.value.how

    end = session.play(body)
    helper.join()

    assert _value(end) == "graceful"


def test_a_task_that_gives_up_by_itself_is_cancelled_and_the_flow_goes_on(
    session: ExecutorSession,
) -> None:
    def body() -> tuple[str, int]:
        with pytest.raises(TaskCancelledError) as caught:
            works.give_up.submit().result()
        return caught.value.how, works.add.submit(1).result()

    assert _value(session.play(body)) == ("by_runner", 2)


def _flag_when_there(session: ExecutorSession, marker: Path, name: str) -> threading.Thread:
    def flag() -> None:
        pause = threading.Event()
        while not marker.exists():
            pause.wait(0.002)
        session.executor.cancel([AttemptKey("flow", name)], Rung.FLAG)

    helper = threading.Thread(target=flag, daemon=True)
    helper.start()
    return helper


def test_a_task_may_call_another_as_a_function(session: ExecutorSession) -> None:
    assert _value(session.play(lambda: works.add_twice.submit(1).result())) == 3


def test_a_task_may_not_submit_another(session: ExecutorSession) -> None:
    def body() -> str:
        with pytest.raises(TaskFailedError) as caught:
            works.submit_another.submit().result()
        return str(caught.value)

    words = str(_value(session.play(body)))
    assert "this is the task run 'submit_another-1'; call the task as a function" in words


def test_a_task_made_on_the_spot_is_sent_by_value(session: ExecutorSession) -> None:
    offset = 40

    @task
    def add_offset(number: int) -> int:
        return number + offset

    assert _value(session.play(lambda: add_offset.submit(2).result())) == 42
    assert _call(session).sent_as is None


def test_a_task_of_a_module_is_sent_by_its_name(session: ExecutorSession) -> None:
    session.play(lambda: works.add.submit(2).result())

    sent = pickle.dumps(_call(session).sent_as)
    assert len(sent) < 150, "the name, and no code"
    assert pickle.loads(sent) is works.add.function  # noqa: S301 - it was made here.


def _call(session: ExecutorSession) -> Call:
    does = session.submissions[0].does
    assert isinstance(does, Call)
    return does


def test_a_command_gets_its_arguments_without_quoting(session: ExecutorSession) -> None:
    show = CommandTask('printf "%s|" "$@"')

    end = session.play(lambda: show.submit("a b", "$HOME", Path("c")).result().output)

    assert _value(end) == "a b|$HOME|c|"


def test_a_command_that_fails_says_so(session: ExecutorSession) -> None:
    def body() -> object:
        with pytest.raises(TaskFailedError) as caught:
            CommandTask(["sh", "-c", "exit 3"], name="strict").submit().result()
        return caught.value.__cause__

    cause = _value(session.play(body))
    assert isinstance(cause, CommandFailedError)
    assert cause.exit_code == 3


def test_nothing_is_submitted_by_a_flow_that_is_being_cancelled(session: ExecutorSession) -> None:
    def body() -> None:
        session.is_cancelling = True
        works.add.submit(1)

    end = session.play(body)

    assert (end.end, session.submissions) == ("cancelled", [])


def test_a_thread_beside_the_flow_is_told_where_to_ask(session: ExecutorSession) -> None:
    caught: list[str] = []

    def beside() -> None:
        for ask in (current_run, lambda: works.add.submit(1)):
            with pytest.raises(WrongPlaceError) as error:
                ask()
            caught.append(str(error.value))

    def body() -> None:
        thread = threading.Thread(target=beside, name="beside")
        thread.start()
        thread.join()

    session.play(body)

    assert "call it before that, and hand what it returns to the thread" in caught[0]
    assert "this is the thread 'beside' beside it" in caught[1]


def test_a_future_cannot_be_given_to_a_task(session: ExecutorSession) -> None:
    def body() -> None:
        works.add.submit(works.add.submit(1))  # type: ignore[arg-type]

    end = session.play(body)

    assert end.error is not None
    assert isinstance(end.error.exception, UnsupportedTaskError)
    assert "give it the future's .result()" in end.error.message


def test_what_a_task_was_told_reaches_the_runner(session: ExecutorSession) -> None:
    cleaned: list[tuple[int, str]] = []

    def clean(number: int, where: str) -> None:
        cleaned.append((number, where))

    @task(retries=2, retry_delay_seconds=3, timeout_seconds=4, on_cancel=clean, may_exit=True)
    def work(number: int, where: str) -> None: ...

    session.play(lambda: work.submit(1, where="here"))
    (submission,) = session.submissions

    assert (submission.retries, submission.retry_delay_seconds) == (2, 3)
    assert (submission.timeout_seconds, submission.may_exit) == (4, True)
    assert submission.on_cancel is not None
    submission.on_cancel()
    assert cleaned == [(1, "here")]


def test_a_clean_up_step_has_a_minute_unless_its_task_says_otherwise(
    session: ExecutorSession,
) -> None:
    @task(on_cancel=print)
    def plain() -> None: ...

    @task(on_cancel=print, cleanup_seconds=5)
    def quick() -> None: ...

    session.play(lambda: (plain.submit(), quick.submit()))

    assert [submission.cleanup_seconds for submission in session.submissions] == [60, 5]


def test_a_coroutine_is_a_task_where_there_is_an_event_loop(session: ExecutorSession) -> None:
    def body() -> int:
        return works.add_later.submit(1, 2).result()

    end = session.play(body)

    if session.runs_coroutines:
        assert _value(end) == 3
    else:
        assert (end.end, session.submissions) == ("failed", [])
        assert "use AsyncExecutor" in str(end.error and end.error.message)
