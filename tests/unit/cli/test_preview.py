"""What a cancel would do, said before anybody asks for it."""

from rescind.cli.asking.preview import count_fates, what_would_happen
from rescind.events.states import TaskState
from tests.unit.cli.states import flow, task

RUNNING = [task("a", runner_id="r1"), task("b", runner_id="r2"), task("c", runner_id="r2")]
REST = [
    task("d", "Pending"),
    task("e", "Pending.Retrying"),
    task("f", "Finished.Success"),
    task("g", "Pending"),
]


def said(state: str, tasks: list[TaskState]) -> str:
    return what_would_happen(flow(state=state), count_fates(tasks))


def test_each_task_run_is_counted_by_what_would_become_of_it() -> None:
    assert said("Running", RUNNING + REST) == (
        "is Running: 2 runners would be told to stop 3 running task runs, 2 would never start, "
        "1 would not be tried again, 1 has ended and stays as it is"
    )


def test_one_is_not_many() -> None:
    assert said("Running", RUNNING[:1]).endswith(
        "1 runner would be told to stop 1 running task run"
    )


def test_what_does_not_run_would_end_at_once() -> None:
    assert said("Pending", []) == "is Pending: nothing of it runs, so it would end at once"


def test_nothing_would_happen_to_what_is_over_or_under_way() -> None:
    assert "nothing would happen" in said("Finished.Success", [])
    assert "being cancelled already" in said("Running.Cancelling", RUNNING)
