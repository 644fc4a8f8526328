"""`rescind run FILE:FLOW`, as a process beside a real service."""

import asyncio
import shutil
import signal
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from rescind.cli.flows import running
from rescind.runners.executors import LocalExecutor
from tests.kafka.cli import flows
from tests.kafka.cli.command import Command
from tests.kafka.processors.service import Service
from tests.waiting import until


@pytest.fixture
def file(tmp_path: Path) -> str:
    """The flows, as a file that is no part of any package."""
    return str(shutil.copy(flows.__file__, tmp_path / "my_flows.py"))


async def test_a_flow_runs_with_its_parameters_and_is_known_afterwards(
    service: Service, rescind: Command, file: str
) -> None:
    said = await rescind.process(
        *("run", f"{file}:add", "--param", "number=3", "--param", "times=2", "--json"),
        *("--executor", "thread", "--flow-run-id", "sums-1", "--label", "team=a"),
    )
    shown = (await rescind("show", "sums-1", "--json")).json

    assert said.code == 0, said.err
    assert said.json["state"] == "success"
    assert said.json["value"] == "12"
    assert (shown["state"], shown["name"]) == ("Finished.Success", "sums")
    assert shown["labels"] == {"team": "a"}
    assert {task["state"] for task in shown["task_runs"]} == {"Finished.Success"}


async def test_a_flow_that_fails_says_where_and_ends_with_one(
    service: Service, rescind: Command, file: str
) -> None:
    said = await rescind.process("run", f"{file}:breaks", "--executor", "local")

    assert said.code == 1
    assert "failed: ValueError: a bad day" in said.out
    again = await rescind.process("run", f"{file}:breaks", "--executor", "local", "--json")
    assert (again.json["state"], again.json["value"]) == ("failed", None)
    assert "my_flows.py, line " in said.err
    assert ", in breaks" in said.err


@pytest.mark.parametrize("executor", ["process", "local"])
async def test_a_task_that_fails_says_where_in_the_task(
    service: Service, rescind: Command, file: str, executor: str
) -> None:
    said = await rescind.process("run", f"{file}:breaks_in_a_task", "--executor", executor)

    assert said.code == 1
    (told,) = said.out.splitlines()
    assert told.endswith("'spoil-1' failed: ValueError: a bad day of two lines")
    assert "my_flows.py, line " in said.err.splitlines()[-1]
    assert ", in spoil" in said.err.splitlines()[-1]


async def test_a_flow_file_named_like_a_module_sends_its_tasks_to_processes(
    service: Service, rescind: Command, tmp_path: Path
) -> None:
    # Not in the working directory, which `python -m` puts before all others.
    (tmp_path / "flows").mkdir()
    shutil.copy(flows.__file__, tmp_path / "flows" / "queue.py")

    said = await rescind.process("run", "flows/queue.py:add", "--json", "--executor", "process")

    assert said.code == 0, said.err
    assert said.json["value"] == "4"


async def test_a_flow_that_is_cancelled_by_the_command_stops_and_exits_by_itself(
    service: Service, rescind: Command, file: str, tmp_path: Path
) -> None:
    waiting = tmp_path / "waiting"
    process = await rescind.start(
        *("run", f"{file}:waits", "--param", f"said={waiting}"),
        *("--executor", "process", "--workers", "1", "--flow-run-id", "long-1"),
    )
    await until(waiting.exists, within_seconds=60)

    cancelled = await rescind("cancel", "long-1", "--wait", "--reason", "enough")
    out, err = await process.communicate()

    assert cancelled.code == 0, cancelled.err
    assert "cancelled: " in cancelled.out.splitlines()[-1]
    assert process.returncode == 1
    assert b"long-1 cancelled" in out
    assert b"enough" in err


async def test_a_host_that_ends_the_command_asks_for_a_cancel_once_however_often_it_does(
    service: Service, rescind: Command, file: str, tmp_path: Path
) -> None:
    waiting = tmp_path / "waiting"
    process = await rescind.start(
        *("run", f"{file}:waits", "--param", f"said={waiting}"),
        *("--executor", "local", "--flow-run-id", "long-1"),
    )
    await until(waiting.exists, within_seconds=60)

    # As `timeout` does, in one moment; `kill` and `docker stop` do it once.
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    _, err = await process.communicate()

    assert process.returncode == 1
    shown = (await rescind("show", "long-1", "--json")).json
    assert shown["state"] == "Finished.Cancelled"
    cancellation = shown["cancellation"]
    assert (cancellation["reason"], cancellation["mode"]) == ("SIGTERM", "graceful")
    assert b"refused" not in err


async def test_without_a_free_main_thread_it_says_what_to_do_and_registers_nothing(
    service: Service, rescind: Command, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command has the main thread, unless a program calls it in another, as is done here."""
    monkeypatch.setattr(running, "executor_of", lambda *_: LocalExecutor(must_interrupt=True))

    said = await rescind("run", f"{file}:add", "--executor", "local", "--flow-run-id", "f")

    assert (said.code, said.out) == (4, "")
    assert "but signals reach Python code in the main thread only" in said.complaint
    assert said.complaint.endswith(
        "; start it from the main thread of a plain Linux process, or choose another executor"
    )
    assert (await rescind("show", "f")).code == 5


async def test_without_a_free_main_thread_what_cannot_be_interrupted_runs_to_its_end(
    service: Service, rescind: Command, file: str
) -> None:
    with capture_logs():
        said = await rescind("run", f"{file}:add", "--executor", "local", "--json")

    assert (said.code, said.json["value"]) == (0, "4")


async def test_without_a_free_main_thread_it_says_why_before_and_when_it_is_cancelled(
    service: Service, rescind: Command, file: str, tmp_path: Path
) -> None:
    waiting = tmp_path / "waiting"
    what = (f"{file}:waits_to_be_let_on", "--param", f"said={waiting}", "--executor", "local")
    why = "signals reach Python code in the main thread only, and this is another thread"
    with capture_logs() as logs:
        run = asyncio.create_task(rescind("run", *what, "--flow-run-id", "f"))
        await until(waiting.exists, within_seconds=60)
        warned = [log["event"] for log in logs if log["log_level"] == "warning"]
        await rescind("cancel", "f")

        async def is_said() -> bool:
            tail = await rescind("journal", "tail", "--flow", "f")
            return f"real end: body, wait_to_be_let_on-1; {why}" in tail.out

        try:
            await until(is_said, within_seconds=60)
        finally:
            (tmp_path / "waiting.go").touch()
            await run

    assert any(f"but {why}; start it from the main thread" in said for said in warned)


async def test_processes_that_cannot_be_ended_here_are_one_line_with_what_to_do(
    service: Service, rescind: Command, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rescind.runners.executors.processes.sys.platform", "darwin")

    said = await rescind("run", f"{file}:add", "--executor", "process")

    assert (said.code, said.out) == (4, "")
    assert "by means that only Linux has; start it" in said.complaint


async def test_offline_nothing_is_asked_of_anybody(rescind: Command, file: str) -> None:
    said = await rescind.process(
        "run", f"{file}:add", "--offline", "--json", RESCIND_BOOTSTRAP="127.0.0.1:1"
    )

    assert (said.code, said.json["value"]) == (0, "4")


async def test_without_a_broker_it_says_that_it_waits_and_ctrl_c_gives_up(
    rescind: Command, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RESCIND_BOOTSTRAP")
    process = await rescind.start("run", f"{file}:add")
    assert process.stderr is not None
    line = (await process.stderr.readline()).decode()

    # A signal that comes before the runner has its handler ends the process just the same.
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(60):
        _, err = await process.communicate()

    assert line.startswith("rescind: expected a Kafka broker at the address in ")
    assert "Waiting for it; Ctrl-C gives up, --offline does without" in line
    assert b"Traceback" not in err
    assert process.returncode == 130


@pytest.mark.parametrize(
    "content,name,says",
    [
        ("raise RuntimeError('no database')", "x", "line 1, raised RuntimeError: no database"),
        ("import sys; sys.exit('bye')", "x", "line 1, raised SystemExit: bye"),
        ("def x(:", "x", "raised SyntaxError"),
        ("x = 1", "x", "'x' is not decorated with @flow"),
        ("x = 1", "y", "'y' is not in it"),
        (None, "x", "there is no file"),
    ],
)
async def test_a_file_that_cannot_be_loaded_is_one_line(
    rescind: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: str | None,
    name: str,
    says: str,
) -> None:
    monkeypatch.setitem(sys.modules, "bad_flows", sys)  # Put back afterwards.
    file = tmp_path / "bad_flows.py"
    if content is not None:
        file.write_text(content)

    said = await rescind("run", f"{file}:{name}", "--offline")

    assert (said.code, said.out) == (8, "")
    assert says in said.complaint


@pytest.mark.parametrize(
    "arguments,code,says",
    [
        (("--param", "nubmer=1"), 8, "it takes no argument 'nubmer'; it takes: number, times"),
        (("--param", "number=many"), 8, "number=many"),
        (("--flow-run-id", "a/b"), 2, "expected an id without '/'"),
        (("--namespace", ""), 2, "namespace: expected at least 1 character"),
        (("--label", "team"), 2, "expected --label key=value"),
        (("--executor", "cluster"), 2, "--executor"),
    ],
    ids=str,
)
async def test_what_does_not_fit_is_told_before_anything_begins(
    rescind: Command,
    file: str,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    says: str,
) -> None:
    monkeypatch.setitem(sys.modules, "my_flows", sys)  # Put back afterwards.

    said = await rescind("run", f"{file}:add", "--offline", *arguments)

    assert (said.code, said.out) == (code, "")
    assert says in said.complaint


async def test_an_id_that_has_been_used_is_refused_with_what_to_do(
    service: Service, rescind: Command, file: str
) -> None:
    run = ("run", f"{file}:add", "--flow-run-id", "f", "--executor", "thread")
    assert (await rescind.process(*run)).code == 0

    said = await rescind.process(*run)

    assert said.code == 1
    assert said.complaint.count("rerun_of") == 1
