"""`rescind demo --chaos`: each service is killed on the way, and the account is the same.

It takes a processor for most of a minute: asked for by ``RESCIND_TEST_FULL=1``, as `.ci/run` does.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.kafka.cli.command import Command
from tests.sizes import FULL


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
