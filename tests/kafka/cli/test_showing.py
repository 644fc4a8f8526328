"""`rescind show` of the task runs of a flow run, as the pages of the browser have them."""

from tests.kafka.cli.command import Command
from tests.kafka.cli.runs import RUNNER, asked, ended, running
from tests.kafka.processors.service import Service


async def test_show_has_the_task_runs_that_are_asked_for(
    service: Service, rescind: Command
) -> None:
    await running(service, "f", granted=2, waiting=1)
    await ended(service, "f", "t0", end="failed")

    failed = await rescind("show", "f", "--state", "failed")
    found = (await rescind("show", "f", "--search", "W", "--json")).json["task_runs"]
    nothing = await rescind("show", "f", "--state", "cancelled")
    wrong = await rescind("show", "f", "--state", "lost")

    assert [line.split()[0] for line in failed.out.splitlines()[-2:]] == ["TASK", "t0"]
    assert "3 task runs: 1 Finished.Failed, 1 Pending, 1 Running" in failed.out
    assert [task["task_run_id"] for task in found] == ["w0"]
    assert "No task run is so." in nothing.err
    assert (wrong.code, wrong.out) == (2, "")
    assert "expected --state to be one of pending, pending.retrying, running" in wrong.complaint


async def test_show_of_a_task_run_has_its_error_and_what_happened_to_it(
    service: Service, rescind: Command
) -> None:
    await running(service, "f", granted=2)
    error = {"type": "KeyError", "message": "June", "traceback": "File etl.py\n  KeyError: June"}
    item = {"task_run_id": "t0", "end": "failed", "error": error}
    mine = {"flow_run_id": "f", "runner_id": RUNNER}
    await asked(service, {"type": "task.finish", **mine, "items": [item]})
    await rescind("cancel", "f", "--task", "t1", "--reason", "hangs")

    failed = await rescind("show", "f", "--task", "t0")
    stopped = await rescind("show", "f", "--task", "t1")
    body = (await rescind("show", "f", "--task", "t0", "--json")).json
    unknown = await rescind("show", "f", "--task", "t9")
    both = await rescind("show", "f", "--task", "t0", "--state", "failed")

    assert "KeyError: June" in failed.out
    assert "  KeyError: June" in failed.out.splitlines()
    assert "registered as" in failed.out
    assert "start granted to" in failed.out
    assert "t1" not in failed.out
    assert "“hangs”" in stopped.out
    assert "deadline" in stopped.out
    assert (body["task_run_id"], body["error"]["type"]) == ("t0", "KeyError")
    types = [event["type"] for event in body["events"]]
    assert types == ["task.registered.v1", "task.started.v1", "task.failed.v1"]
    assert (unknown.code, unknown.out) == (5, "")
    assert "none is known as 't9' in flow run 'f'; `rescind show f` lists them" in unknown.complaint
    assert both.code == 2
