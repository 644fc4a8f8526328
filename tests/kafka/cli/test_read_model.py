"""`rescind read-model`: built anew beside a server that goes on, and looked at."""

import asyncio
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Cluster
from tests.kafka.cli.command import Command
from tests.kafka.cli.serving import serving
from tests.kafka.readmodel.journal import a_life, writing
from tests.waiting import until

SEED = 21


async def flows_of(client: httpx.AsyncClient) -> int:
    answer = await client.get("/api/v1/flow-run-counts")
    assert answer.status_code == 200, answer.text
    return int(answer.json()["total"])


def states_of(status: dict[str, Any]) -> list[tuple[int, str]]:
    return [(model["number"], model["state"]) for model in status["models"]]


def files(rescind: Command) -> list[str]:
    return sorted(file.name for file in (rescind.folder / "data").glob("read-model*.db"))


async def has_read(rescind: Command, count: int) -> bool:
    (model,) = (await rescind("read-model", "status", "--json")).json["models"]
    return int(model["events"]) == count


async def test_it_is_built_anew_while_a_server_serves_and_reads_on(
    cluster: Cluster, rescind: Command
) -> None:
    journal, fold = a_life(SEED, 300)
    half = len(journal) // 2
    seen: list[int] = []

    async def look_all_the_time(client: httpx.AsyncClient) -> None:
        while True:
            seen.append(await flows_of(client))

    async with serving(rescind) as client, writing(cluster) as writer:
        await writer.write(journal[:half])
        await until(lambda: has_read(rescind, half), within_seconds=60)
        looking = asyncio.create_task(look_all_the_time(client))
        going_on = asyncio.create_task(writer.write(journal[half:], each=1))

        said = await rescind("read-model", "rebuild", "--json")

        await going_on
        await until(lambda: has_read(rescind, len(journal)), within_seconds=60)
        assert await flows_of(client) == len(fold.flows)
        assert not looking.done(), looking
        looking.cancel()

    assert said.code == 0
    assert (said.json["number"], said.json["instead_of"]) == (2, 1)
    assert said.json["events"] >= half
    assert "Building read model 2; 1 serves meanwhile." in said.err
    assert seen == sorted(seen)
    assert len(seen) > 2
    assert files(rescind) == ["read-model-2.db", "read-model.db"]


@asynccontextmanager
async def held_up(rescind: Command, name: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A rebuild that has begun, and cannot go on to write in that file."""
    process = await rescind.start("read-model", "rebuild")
    await until(lambda: state_in(rescind.folder / "data", 2) == "building", within_seconds=60)
    file = rescind.folder / "data" / name
    held = sqlite3.connect(file, isolation_level=None, timeout=60, check_same_thread=False)
    await asyncio.to_thread(held.execute, "BEGIN IMMEDIATE")
    try:
        yield process
    finally:
        held.close()


def state_in(folder: Path, number: int) -> str | None:
    with closing(sqlite3.connect(folder / "read-model.db", timeout=60)) as catalog:
        asked = "SELECT state FROM rescind_read_models WHERE number = ?"
        row = catalog.execute(asked, (number,)).fetchone()
    return None if row is None else str(row[0])


async def is_built(rescind: Command) -> bool:
    """Whether the last read model is being built and has all of the journal."""
    *_, last = (await rescind("read-model", "status", "--json")).json["models"]
    is_there = all(one["lag_offsets"] == 0 for one in last["partitions"])
    return bool(last["state"] == "building" and is_there)


async def built_once(cluster: Cluster, rescind: Command) -> int:
    journal, fold = a_life(SEED, 60)
    async with writing(cluster) as writer, serving(rescind):
        await writer.write(journal)
        await until(lambda: has_read(rescind, len(journal)), within_seconds=60)
    return len(fold.flows)


async def test_one_that_is_killed_leaves_the_old_one_and_the_next_cleans_up(
    cluster: Cluster, rescind: Command
) -> None:
    known = await built_once(cluster, rescind)
    # It has read everything, and waits to let its read model serve.
    async with held_up(rescind, "read-model.db") as process:
        await until(lambda: is_built(rescind), within_seconds=60)
        process.kill()
        await process.communicate()

    told = await rescind("read-model", "status")
    after_the_kill = files(rescind)
    async with serving(rescind) as client:
        assert await flows_of(client) == known
    again = await rescind("read-model", "rebuild")

    assert "read model 1 serves: revision " in told.out
    assert "read model 2 is being built, or was left behind by a rebuild" in told.out
    assert after_the_kill == ["read-model-1.db", "read-model-2.db", "read-model.db"]
    assert again.code == 0
    assert again.out.startswith("read model 3 serves now, instead of 1: ")
    assert f" {known} flow run" in again.out
    assert files(rescind) == ["read-model-3.db", "read-model.db"]


async def test_ctrl_c_takes_away_what_was_built(cluster: Cluster, rescind: Command) -> None:
    await built_once(cluster, rescind)
    async with held_up(rescind, "read-model-2.db") as process:
        process.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(process.communicate(), 60)

    status = (await rescind("read-model", "status", "--json")).json
    assert process.returncode == 130
    assert b"`rescind read-model status` says which one serves." in err
    assert states_of(status) == [(1, "serving")]
    assert files(rescind) == ["read-model-1.db", "read-model.db"]


async def test_where_no_server_ever_was_nothing_is_built(
    cluster: Cluster, rescind: Command
) -> None:
    for command in ("status", "rebuild"):
        said = await rescind("read-model", command)

        assert said.code == 1
        assert "expected a read model in the database that RESCIND_DATABASE_URL" in said.complaint


async def test_a_database_that_does_not_answer_is_one_line(
    cluster: Cluster, rescind: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.db"
    broken.mkdir()
    monkeypatch.setenv("RESCIND_DATABASE_URL", f"sqlite:///{broken}")

    said = await rescind("read-model", "rebuild")

    assert said.code == 1
    assert "RESCIND_DATABASE_URL names to answer, but: unable to open" in said.complaint
