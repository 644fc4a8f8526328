"""`rescind run --on process` and `rescind runner`, as commands: what they say, and how they end."""

import asyncio
import shutil
import signal
from pathlib import Path

import psutil
import pytest

from rescind.runners.executors.processtree.identity import carriers
from rescind.runners.infrastructure.base import JOB_VARIABLE
from tests.kafka.cli import flows
from tests.kafka.cli.command import Command
from tests.kafka.processors.service import Service
from tests.scenarios import flows_in_infrastructure
from tests.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(shutil.copy(flows.__file__, tmp_path / "my_flows.py"))


@pytest.fixture
def deaf(tmp_path: Path) -> str:
    return str(shutil.copy(flows_in_infrastructure.__file__, tmp_path / "deaf.py"))


async def test_what_the_flow_runner_says_is_shown_and_its_exit_code_is_the_commands(
    service: Service, rescind: Command, file: str, tmp_path: Path
) -> None:
    (tmp_path / "deployment.toml").write_text("[process]\nenvironment = { TEAM = 'a' }\n")

    said = await rescind.process(
        *("run", f"{file}:add", "--on", "process", "--param", "number=3", "--json"),
        *("--executor", "thread", "--workers", "2", "--label", "team=a", "--namespace", "n"),
    )
    shown = (await rescind("show", said.json["flow_run_id"], "--json")).json

    assert (said.code, said.json["state"], said.json["value"]) == (0, "success", "12")
    assert (shown["labels"], shown["namespace"]) == ({"team": "a"}, "n")
    failed = await rescind.process("run", f"{file}:breaks", "--on", "process")
    assert failed.code == 1
    assert "failed: ValueError: a bad day" in failed.out


async def test_ctrl_c_asks_for_a_cancel_and_the_command_ends_with_its_flow_run(
    service: Service, rescind: Command, file: str, tmp_path: Path
) -> None:
    waiting = tmp_path / "waiting"
    process = await rescind.start(
        *("run", f"{file}:waits", "--on", "process", "--param", f"said={waiting}"),
        *("--executor", "process", "--flow-run-id", "long-1"),
    )
    await until(waiting.exists, within_seconds=60)

    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()

    assert process.returncode == 1
    assert b"long-1 cancelled" in out
    assert b"long-1 is being cancelled (graceful" in err
    shown = (await rescind("show", "long-1", "--json")).json
    assert shown["state"] == "Finished.Cancelled"
    assert shown["cancellation"]["reason"] == "Ctrl-C"


@pytest.mark.parametrize(
    "first",
    [[signal.SIGINT], [signal.SIGTERM, signal.SIGTERM]],
    ids=["after Ctrl-C", "after the two SIGTERM of `timeout`"],
)
async def test_ctrl_c_again_aborts_and_a_third_leaves_the_job_alone(
    service: Service, rescind: Command, deaf: str, tmp_path: Path, first: list[signal.Signals]
) -> None:
    process = await rescind.start(
        *("run", f"{deaf}:is_deaf", "--on", "process", "--param", f"folder={tmp_path}"),
        *("--executor", "local", "--flow-run-id", "deaf-1"),
    )
    began = tmp_path / "began"
    await until(lambda: began.exists() and bool(began.read_text()), within_seconds=60)

    for number in first:
        process.send_signal(number)
        # One comes to be handled before the next; together they would be one.
        await until_says(rescind, "graceful")
    process.send_signal(signal.SIGINT)
    await until_says(rescind, "abort")
    process.send_signal(signal.SIGINT)
    # `wait` waits for the streams, which the job has as well.
    await until(lambda: process.returncode is not None, within_seconds=60)

    left = carriers(JOB_VARIABLE, began.read_text())
    for each in left:
        psutil.Process(each.pid).kill()
    _, err = await process.communicate()
    assert process.returncode == 130
    assert b"deaf-1 goes on" in err
    assert left != []


async def until_says(rescind: Command, mode: str) -> None:
    async def says() -> bool:
        shown = (await rescind("show", "deaf-1", "--json")).json
        # Until the service has the first of the two, there is none.
        return bool(shown.get("cancellation", {}).get("mode") == mode)

    await until(says, within_seconds=60)


@pytest.mark.parametrize(
    "arguments,code,why",
    [
        (["--on", "docker"], 2, "write a [docker] table"),
        (["--on", "ecs", "--deployment", "good.toml"], 2, "it has no [ecs] table"),
        (["--on", "kubernetes"], 2, "write a [kubernetes] table"),
        (["--on", "kubernetes", "--deployment", "good.toml"], 2, "it has no [kubernetes] table"),
        (["--on", "kubernetes", "--deployment", "jobs.toml"], 4, "set KUBECONFIG"),
        (["--on", "docker", "--deployment", "no.toml"], 2, "No such file"),
        (["--on", "process", "--deployment", "bad.toml"], 2, "no key is called 'dokcer'"),
        (["--on", "docker", "--deployment", "good.toml"], 4, "start one, or set DOCKER_HOST"),
        (["--on", "process", "--offline"], 2, "--on or --offline"),
        (["--on", "moon"], 2, "process"),
    ],
)
async def test_what_cannot_be_started_is_said_in_one_line(
    rescind: Command,
    file: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    why: str,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///var/run/no-engine-here.sock")
    (tmp_path / "bad.toml").write_text("[dokcer]\nimage = 'x'\n")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "no-kubeconfig"))
    (tmp_path / "good.toml").write_text("[docker]\nimage = 'x'\n")
    (tmp_path / "jobs.toml").write_text("[kubernetes]\nimage = 'x'\n")

    said = await rescind("run", f"{file}:add", *arguments)

    assert said.code == code
    assert why in said.complaint


async def test_a_runner_without_its_engine_says_so_and_ends(
    rescind: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///var/run/no-engine-here.sock")

    said = await rescind("runner", "--on", "docker")

    assert said.code == 4
    assert "expected an answer about the Docker engine" in said.complaint


async def test_a_runner_shows_its_metrics_and_ends_by_sigterm(
    service: Service, rescind: Command
) -> None:
    process = await rescind.start("runner", RESCIND_METRICS_PORT="0")
    assert process.stderr is not None
    said = b""
    async with asyncio.timeout(60):
        while b"stands by" not in said:
            said += await process.stderr.readline()

        process.send_signal(signal.SIGTERM)

        _, more = await process.communicate()
    assert process.returncode == 0, more.decode()
    assert b"metrics can be read" in said
