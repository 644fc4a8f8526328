"""The container image and the compose file, as somebody tries them: up, run, cancel, audit, down.

Building the image takes minutes and needs a Docker engine with compose, so it is asked for by
``RESCIND_TEST_COMPOSE=1``. The flow runs on this machine, against the service in containers.
"""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from rescind.kafka.embedded.ports import choose_port
from tests.package.checkout import ROOT
from tests.waiting import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        os.environ.get("RESCIND_TEST_COMPOSE") != "1",
        reason="RESCIND_TEST_COMPOSE=1 asks to build the image and start the compose file",
    ),
]

FLOW: Final = """
import time
from rescind import flow, task

@task
def sleeps(part: int) -> None:
    time.sleep(600)

@flow
def nightly() -> None:
    for future in [sleeps.submit(part) for part in range(50)]:
        future.result()
"""


class Deployment:
    """The compose file under a project's name of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        port = choose_port(0, fallback=True)
        self.http_port = choose_port(0, fallback=True)
        self._environ = {
            **os.environ,
            "COMPOSE_PROJECT_NAME": f"rescind-test-{secrets.token_hex(4)}",
            "RESCIND_KAFKA_PORT": str(port),
            "RESCIND_HTTP_PORT": str(self.http_port),
            "RESCIND_BOOTSTRAP": f"127.0.0.1:{port}",
        }

    def compose(self, *arguments: str) -> str:
        done = self._run("docker", "compose", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr + self.logs()
        return done.stdout

    def logs(self) -> str:
        return self._run("docker", "compose", "logs", "--tail", "30").stdout

    def rescind(self, *arguments: str) -> str:
        """The command on this machine, against the broker in its container."""
        done = self._run(sys.executable, "-m", "rescind", *arguments, cwd=self.folder)
        assert done.returncode == 0, done.stdout + done.stderr + self.logs()
        return done.stdout

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "rescind", *arguments],
            cwd=self.folder,
            env=self._environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def exit_codes(self) -> dict[str, int]:
        """How each service's container has ended."""
        lines = self.compose("ps", "--all", "--format", "json").splitlines()
        return {each["Service"]: each["ExitCode"] for each in map(json.loads, lines)}

    def _run(self, *command: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command, cwd=cwd, env=self._environ, capture_output=True, text=True, check=False
        )


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    deployment = Deployment(tmp_path)
    try:
        deployment.compose("up", "--build", "--wait")
        yield deployment
    finally:
        deployment.compose("down", "--volumes")


async def test_a_flow_run_is_cancelled_by_the_service_in_containers(deployment: Deployment) -> None:
    (deployment.folder / "nightly.py").write_text(FLOW)
    running = deployment.start("run", "nightly.py:nightly")
    try:
        await until(lambda: bool(_running_tasks(deployment)), within_seconds=120)

        deployment.rescind("cancel", "@latest", "--wait")
        said, _ = running.communicate(timeout=120)
    finally:
        running.kill()
        running.wait()

    assert "cancelled" in said
    shown: dict[str, Any] = json.loads(deployment.rescind("show", "@latest", "--json"))
    assert shown["state"] == "Finished.Cancelled"
    deployment.rescind("audit", "verify")
    await _is_seen_by_whoever_has_a_token(deployment, shown["flow_run_id"])
    # A drain, not a kill: each has given its partitions back and gone by itself.
    deployment.compose("stop", "worker", "agents", "server")
    assert deployment.exit_codes() == dict.fromkeys(
        ("kafka", "topics", "worker", "agents", "server"), 0
    )


async def _is_seen_by_whoever_has_a_token(deployment: Deployment, flow_run_id: str) -> None:
    made = ("rescind", "tokens", "create", "ada", "--scope", "read")
    token = deployment.compose("exec", "-T", "server", *made).strip()
    address = f"http://127.0.0.1:{deployment.http_port}"
    path = f"/api/v1/flow-runs/{flow_run_id}"
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        assert (await client.get(path)).status_code == 401
        client.headers["Authorization"] = f"Bearer {token}"

        async def is_shown() -> bool:
            return (await client.get(path)).status_code == 200

        await until(is_shown, within_seconds=60)
        assert (await client.get(path)).json()["state"] == "Finished.Cancelled"


def _running_tasks(deployment: Deployment) -> list[dict[str, Any]]:
    listed = json.loads(deployment.rescind("ls", "--json"))
    if not listed:
        return []
    shown = json.loads(deployment.rescind("show", "@latest", "--json"))
    return [task for task in shown["task_runs"] if task["state"] == "Running"]
