"""`rescind demo` in other ways: under kills of each service, on a Dask cluster, in a container.

Every promise is kept as well. Each takes a processor for half a minute: the first two are asked
for by ``RESCIND_TEST_FULL=1``, as `.ci/run` does.
"""

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest

from tests import engine
from tests.kafka.cli.command import Command
from tests.sizes import FULL
from tests.waiting import until


@pytest.mark.sized
@pytest.mark.skipif(not FULL, reason="RESCIND_TEST_FULL=1 asks to kill each service of the demo")
async def test_the_demo_keeps_every_promise_although_each_service_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rescind = Command.without_cluster(tmp_path, monkeypatch)
    monkeypatch.setenv("TMPDIR", str(rescind.folder))

    said = await rescind.process("demo", "--chaos", "--json", within_seconds=170)

    body: dict[str, Any] = said.json
    assert [verdict for verdict in body["verdicts"] if not verdict["kept"]] == [], said.err
    assert said.code == 0
    assert said.err.count("chaos: kill -9 ") == 3
    assert body["task_runs"]["derive-1"]["how"] == "forced"
    assert body["task_runs"]["upload-1"]["end"] == "succeeded"
    assert list(rescind.folder.glob("rescind-demo*")) == []


@pytest.mark.sized
@pytest.mark.skipif(not FULL, reason="RESCIND_TEST_FULL=1 asks for the demo on a Dask cluster")
async def test_the_demo_keeps_every_promise_with_a_dask_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rescind = Command.without_cluster(tmp_path, monkeypatch)
    monkeypatch.setenv("TMPDIR", str(rescind.folder))

    said = await rescind.process("demo", "--executor", "dask", "--json", within_seconds=170)

    body: dict[str, Any] = said.json
    assert [verdict for verdict in body["verdicts"] if not verdict["kept"]] == [], said.err
    assert said.code == 0
    hows = {name: body["task_runs"][f"{name}-1"]["how"] for name in ("sleep", "spin", "derive")}
    assert hows == dict.fromkeys(hows, "forced")
    assert body["task_runs"]["upload-1"]["end"] == "succeeded"
    # The demo's folder and that of the cluster.
    assert list(rescind.folder.glob("rescind-d*")) == []


@pytest.mark.docker_engine
async def test_the_demo_keeps_every_promise_in_a_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.required_engine()
    rescind = Command.without_cluster(tmp_path, monkeypatch)
    monkeypatch.setenv("TMPDIR", str(rescind.folder))

    said = await rescind.process("demo", "--on", "docker", "--json", within_seconds=170)

    body: dict[str, Any] = said.json
    assert [verdict for verdict in body["verdicts"] if not verdict["kept"]] == [], said.err
    assert said.code == 0
    assert "its container is gone" in {verdict["promise"] for verdict in body["verdicts"]}
    assert "In its container" in said.err
    assert body["task_runs"]["derive-1"]["how"] == "forced"
    assert list(rescind.folder.glob("rescind-demo*")) == []


@pytest.mark.docker_engine
async def test_a_demo_that_is_interrupted_leaves_no_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.required_engine()
    rescind = Command.without_cluster(tmp_path, monkeypatch)
    monkeypatch.setenv("TMPDIR", str(rescind.folder))
    demo = await rescind.start("demo", "--on", "docker")
    reading = asyncio.create_task(demo.communicate())

    await until(lambda: engine.containers_of(f"demo-{demo.pid}") != [], within_seconds=120)
    demo.send_signal(signal.SIGINT)
    await reading

    assert demo.returncode == 130
    assert engine.containers_of(f"demo-{demo.pid}") == []
    assert list(rescind.folder.glob("rescind-demo*")) == []
